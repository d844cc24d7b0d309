package story

import (
	"cmp"
	"fmt"

	"github.com/tenantry/tenantry/defender"
)

// cloud tells evidence of clouds, containers and applications.
func (e *entity) cloud(ev defender.Evidence) {
	const resources, applications = "cloud resources", "applications"
	switch x := ev.(type) {
	case *defender.CloudApplicationEvidence:
		e.is(applications, "application", cmp.Or(x.DisplayName, whole(x.AppID)), x.InstanceName)
		e.key = whole(x.AppID)
	case *defender.OAuthApplicationEvidence:
		e.is(applications, "application", cmp.Or(x.DisplayName, x.AppID), x.Publisher, x.AppID)
		e.key = cmp.Or(x.AppID, x.ObjectID)
	case *defender.ServicePrincipalEvidence:
		e.is(applications, "service principal", cmp.Or(x.ServicePrincipalName, x.AppID, x.ServicePrincipalObjectID), words(x.ServicePrincipalType), x.AppID)
		e.key = cmp.Or(x.ServicePrincipalObjectID, x.AppID)
	case *defender.AIAgentEvidence:
		e.is(applications, "AI agent", cmp.Or(x.AgentName, x.AgentID), words(x.HostingPlatformType))
		e.key = x.AgentID
	case *defender.AzureResourceEvidence:
		e.is(resources, "Azure resource", cmp.Or(x.ResourceName, x.ResourceID), x.ResourceType)
		e.key = x.ResourceID
	case *defender.AmazonResourceEvidence:
		e.is(resources, "Amazon resource", cmp.Or(x.ResourceName, x.AmazonResourceID), x.ResourceType, x.AmazonAccountID)
		e.key = x.AmazonResourceID
	case *defender.GoogleCloudResourceEvidence:
		e.is(resources, "Google resource", cmp.Or(x.ResourceName, x.FullResourceName), x.ResourceType, x.ProjectID)
		e.key = x.FullResourceName
	case *defender.BlobContainerEvidence:
		e.is(resources, "blob container", cmp.Or(x.Name, x.URL), x.URL)
		e.key = x.URL
	case *defender.BlobEvidence:
		e.is(resources, "blob", cmp.Or(x.Name, x.URL), x.URL)
		e.key = x.URL
	case *defender.ContainerEvidence:
		e.is(resources, "container", cmp.Or(x.Name, x.ContainerID), image(x.Image))
		e.key = x.ContainerID
	case *defender.ContainerImageEvidence:
		e.is(resources, "container image", x.ImageID)
	case *defender.ContainerRegistryEvidence:
		e.is(resources, "container registry", x.Registry)
	case *defender.KubernetesClusterEvidence:
		e.is(resources, "Kubernetes cluster", x.Name, x.Platform, x.Version)
	case *defender.KubernetesControllerEvidence:
		e.is(resources, "Kubernetes controller", in(x.Namespace, x.Name), x.ControllerType)
	case *defender.KubernetesNamespaceEvidence:
		e.is(resources, "Kubernetes namespace", x.Name)
	case *defender.KubernetesPodEvidence:
		e.is(resources, "Kubernetes pod", in(x.Namespace, x.Name))
	case *defender.KubernetesSecretEvidence:
		e.is(resources, "Kubernetes secret", in(x.Namespace, x.Name), x.SecretType)
	case *defender.KubernetesServiceEvidence:
		e.is(resources, "Kubernetes service", in(x.Namespace, x.Name), words(x.ServiceType))
	case *defender.KubernetesServiceAccountEvidence:
		e.is(resources, "Kubernetes service account", in(x.Namespace, x.Name))
	case *defender.SASTokenEvidence:
		// Its signature hash is no secret, and the only name it has.
		e.is(resources, "shared access signature", x.SignatureHash, x.SignedWith)
	case *defender.GitHubRepoEvidence:
		e.is(applications, "GitHub repository", cmp.Or(join("/", x.Owner, x.Login), x.RepoID), x.BaseURL)
		e.key = x.RepoID
	case *defender.GitHubOrganizationEvidence:
		e.is(applications, "GitHub organization", cmp.Or(x.DisplayName, x.Login, x.OrgID), x.Company)
		e.key = x.OrgID
	case *defender.GitHubUserEvidence:
		e.is("users", "GitHub user", cmp.Or(x.Login, x.Name, x.UserID), x.Name, x.Email)
		e.key = x.UserID
	case *defender.CloudLogonSessionEvidence:
		e.session(x.SessionID, x.Account, x.DeviceName, x.Browser)
	case *defender.HostLogonSessionEvidence:
		device := ""
		if x.Host != nil {
			device = cmp.Or(x.Host.DeviceDNSName, x.Host.HostName)
		}
		e.session(x.SessionID, x.Account, device)
	case *defender.CloudLogonRequestEvidence:
		e.is("other", "sign-in", x.RequestID)
	}
}

func (e *entity) session(id string, user *defender.UserEvidence, details ...string) {
	who := ""
	if user != nil {
		var u entity
		u.account("", "", user.UserAccount)
		who = u.label
	}
	e.is("other", "session", cmp.Or(id, who), append([]string{who}, details...)...)
	e.key = id
}

func image(x *defender.ContainerImageEvidence) string {
	if x == nil {
		return ""
	}
	return x.ImageID
}

// in names something in a namespace.
func in(ns *defender.KubernetesNamespaceEvidence, name string) string {
	if ns == nil || name == "" {
		return name
	}
	return join("/", ns.Name, name)
}

func whole(n *int64) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}
