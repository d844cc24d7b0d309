package world

// Application ids of Microsoft's resources and clients that the sandbox knows.
const (
	AppGraph         = "00000003-0000-0000-c000-000000000000"
	AppDefenderXDR   = "8ee8fdad-f234-4243-8f3b-15c294843740" // "Microsoft Threat Protection"
	AppDefenderMDE   = "fc780465-2017-40d4-a0c5-307022471b92" // "WindowsDefenderATP"
	AppARM           = "797f4846-ba00-4fd7-ba43-dac1f8f63013" // Azure Resource Manager
	AppKeyVault      = "cfa8b339-82a2-471a-a3c9-0fc0be7a4093"
	AppAzureCLI      = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
	AppGraphCommands = "14d82eec-204b-4c2f-b7e8-296a70dab67e" // Microsoft Graph Command Line Tools
	microsoftTenant  = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
)

// firstParty lists Microsoft's own applications. Ids of roles that are
// published are the published ones; the others are derived and marked so.
// Sources: Microsoft Graph permissions reference, the Defender permission
// tables, and public provisioning scripts for the ids on Microsoft Threat
// Protection.
func firstParty() []*App {
	derived := func(app, value string) string { return DeriveGUID("role", app, value) }
	role := func(id, value, display string) AppRole {
		return AppRole{ID: id, Value: value, DisplayName: display, Description: display}
	}
	scope := func(app, value, display string, admin bool) Scope {
		return Scope{ID: DeriveGUID("scope", app, value), Value: value, DisplayName: display, Description: display, AdminConsent: admin}
	}
	api := func(appID, name string) *App {
		return &App{AppID: appID, ObjectID: DeriveGUID("object", appID), DisplayName: name, HomeTenant: microsoftTenant, SignInAudience: AudienceMultiple, FirstParty: true}
	}

	graph := api(AppGraph, "Microsoft Graph")
	graph.IdentifierURIs = []string{"https://graph.microsoft.com", "https://graph.microsoft.us", "https://dod-graph.microsoft.us"}
	graph.Roles = []AppRole{
		role("45cc0394-e837-488b-a098-1918f48d186c", "SecurityIncident.Read.All", "Read all security incidents"),
		role("34bf0e97-1971-4929-b999-9e2442d941d7", "SecurityIncident.ReadWrite.All", "Read and write to all security incidents"),
		role("472e4a4d-bb4a-4026-98d1-0b0d74cb74a5", "SecurityAlert.Read.All", "Read all security alerts"),
		role("ed4fca05-be46-441f-9803-1873825f8fdb", "SecurityAlert.ReadWrite.All", "Read and write to all security alerts"),
		role("dd98c7f5-2d42-42d3-a0e4-633161547251", "ThreatHunting.Read.All", "Run hunting queries"),
		role("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9", "Application.ReadWrite.All", "Read and write all applications"),
		role("9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30", "Application.Read.All", "Read all applications"),
		role("18a4783c-866b-4cc7-a460-3d5e5662c884", "Application.ReadWrite.OwnedBy", "Manage apps that this app creates or owns"),
		role("06b708a9-e830-4db3-a914-8e69da51d44f", "AppRoleAssignment.ReadWrite.All", "Manage app permission grants and app role assignments"),
		role("7ab1d382-f21e-4acd-a863-ba3e13f7da61", "Directory.Read.All", "Read directory data"),
		role("498476ce-e0fe-48b0-b801-37ba7e2685c6", "Organization.Read.All", "Read organization information"),
		role("df021288-bdef-4463-88db-98f22de89214", "User.Read.All", "Read all users' full profiles"),
		role("97235f07-e226-4f63-ace3-39588e11d3a1", "User.ReadBasic.All", "Read all users' basic profiles"),
		role("8e8e4742-1d95-4f68-9d56-6ee75648c72a", "DelegatedPermissionGrant.ReadWrite.All", "Manage all delegated permission grants"),
	}
	graph.Scopes = []Scope{
		{ID: "e1fe6dd8-ba31-4d61-89e7-88639da4683d", Value: "User.Read", DisplayName: "Sign you in and read your profile", Description: "Sign you in and read your profile"},
		{ID: "37f7f235-527c-4136-accd-4a02d197296e", Value: "openid", DisplayName: "Sign you in", Description: "Sign you in"},
		{ID: "14dad69e-099b-42c9-810b-d002981feec1", Value: "profile", DisplayName: "View your basic profile", Description: "View your basic profile"},
		{ID: "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0", Value: "email", DisplayName: "View your email address", Description: "View your email address"},
		{ID: "7427e0e9-2fba-42fe-b0c0-848c9e6a8182", Value: "offline_access", DisplayName: "Keep access to data you have given it access to", Description: "Keep access to data you have given it access to"},
		{ID: "bdfbf15f-ee85-4955-8675-146e8e5296b5", Value: "Application.ReadWrite.All", DisplayName: "Read and write all applications", Description: "Read and write all applications", AdminConsent: true},
		{ID: "c79f8feb-a9db-4090-85f9-90d820caa0eb", Value: "Application.Read.All", DisplayName: "Read applications", Description: "Read applications", AdminConsent: true},
		{ID: "06da0dbc-49e2-44d2-8312-53f166ab848a", Value: "Directory.Read.All", DisplayName: "Read directory data", Description: "Read directory data", AdminConsent: true},
		{ID: "84bccea3-f856-4a8a-967b-dbe0a3d53a64", Value: "AppRoleAssignment.ReadWrite.All", DisplayName: "Manage app permission grants and app role assignments", Description: "Manage app permission grants and app role assignments", AdminConsent: true},
		{ID: "41ce6ca6-6826-4807-84f1-1c82854f7ee5", Value: "DelegatedPermissionGrant.ReadWrite.All", DisplayName: "Manage all delegated permission grants", Description: "Manage all delegated permission grants", AdminConsent: true},
		{ID: "b9abcc4f-94fc-4457-9141-d20ce80ec952", Value: "SecurityIncident.Read.All", DisplayName: "Read incidents", Description: "Read incidents", AdminConsent: true},
		{ID: "128ca929-1a19-45e6-a3b8-435ec44a36ba", Value: "SecurityIncident.ReadWrite.All", DisplayName: "Read and write to incidents", Description: "Read and write to incidents", AdminConsent: true},
		{ID: "bc257fb8-46b4-4b15-8713-01e91bfbe4ea", Value: "SecurityAlert.Read.All", DisplayName: "Read all security alerts", Description: "Read all security alerts", AdminConsent: true},
		{ID: "471f2a7f-2a42-4d45-a2bf-594d0838070d", Value: "SecurityAlert.ReadWrite.All", DisplayName: "Read and write to all security alerts", Description: "Read and write to all security alerts", AdminConsent: true},
		{ID: "b152eca8-ea73-4a48-8c98-1a6742673d99", Value: "ThreatHunting.Read.All", DisplayName: "Run hunting queries", Description: "Run hunting queries", AdminConsent: true},
	}

	xdr := api(AppDefenderXDR, "Microsoft Threat Protection")
	xdr.NeedsLicence = []string{LicenceDefenderXDR}
	xdr.IdentifierURIs = []string{"https://api.security.microsoft.com", "https://api-gcc.security.microsoft.us", "https://api-gov.security.microsoft.us"}
	xdr.Roles = []AppRole{
		role("a9790345-4595-42e4-971a-ccdc79f19b7c", "Incident.Read.All", "Read all incidents"),
		role("8d90f441-09cf-4fdc-ab45-e874fa3a28e8", "Incident.ReadWrite.All", "Read and write all incidents"),
		role("7734e8e5-8dde-42fc-b5ae-6eafea078693", "AdvancedHunting.Read.All", "Run advanced queries"),
		role("a7deff90-e2f5-4e4e-83a3-2c74e7002e28", "CustomDetections.ReadWrite.All", "Read and write all custom detections"),
	}
	xdr.Scopes = []Scope{
		scope(AppDefenderXDR, "Incident.Read", "Read incidents", true),
		scope(AppDefenderXDR, "Incident.ReadWrite", "Read and write incidents", true),
		scope(AppDefenderXDR, "AdvancedHunting.Read", "Run advanced queries", true),
	}

	mde := api(AppDefenderMDE, "WindowsDefenderATP")
	mde.NeedsLicence = []string{LicenceDefenderXDR, LicenceDefenderEndpoint}
	mde.IdentifierURIs = []string{
		"https://api.securitycenter.microsoft.com",
		"https://securitycenter.onmicrosoft.com/windowsatpservice",
		"https://api-gcc.securitycenter.microsoft.us",
		"https://api-gov.securitycenter.microsoft.us",
	}
	for _, r := range [][2]string{
		{"Alert.Read.All", "Read all alerts"},
		{"Alert.ReadWrite.All", "Read and write all alerts"},
		{"Machine.Read.All", "Read all machine profiles"},
		{"Machine.ReadWrite.All", "Read and write all machine information"},
		{"Machine.Isolate", "Isolate machine"},
		{"Machine.Scan", "Scan machine"},
		{"Machine.CollectForensics", "Collect forensics"},
		{"Machine.RestrictExecution", "Restrict code execution"},
		{"Machine.Offboard", "Offboard machine"},
		{"Machine.StopAndQuarantine", "Stop and quarantine"},
		{"Machine.LiveResponse", "Run live response on a specific machine"},
		{"AdvancedQuery.Read.All", "Run advanced queries"},
		{"Ti.ReadWrite", "Read and write IOCs belonging to the app"},
		{"Ti.ReadWrite.All", "Read and write all IOCs"},
	} {
		mde.Roles = append(mde.Roles, role(derived(AppDefenderMDE, r[0]), r[0], r[1]))
	}
	// The delegated ones, as the tables "Permissions" of the calls' pages have
	// them (learn.microsoft.com/defender-endpoint/api).
	for _, s := range [][2]string{
		{"Alert.Read", "Read alerts"},
		{"Alert.ReadWrite", "Read and write alerts"},
		{"Machine.Read", "Read machine information"},
		{"Machine.ReadWrite", "Read and write machine information"},
		{"Machine.Isolate", "Isolate machine"},
		{"Machine.Scan", "Scan machine"},
		{"Machine.CollectForensics", "Collect forensics"},
		{"Machine.RestrictExecution", "Restrict code execution"},
		{"Machine.Offboard", "Offboard machine"},
		{"Machine.StopAndQuarantine", "Stop and quarantine"},
		{"Machine.LiveResponse", "Run live response on a specific machine"},
		{"AdvancedQuery.Read", "Run advanced queries"},
		{"Ti.ReadWrite", "Read and write indicators"},
	} {
		mde.Scopes = append(mde.Scopes, scope(AppDefenderMDE, s[0], s[1], true))
	}

	arm := api(AppARM, "Windows Azure Service Management API")
	arm.IdentifierURIs = []string{"https://management.azure.com", "https://management.core.windows.net", "https://management.usgovcloudapi.net", "https://management.core.usgovcloudapi.net"}
	arm.Scopes = []Scope{scope(AppARM, "user_impersonation", "Access Azure Service Management as you", false)}

	vault := api(AppKeyVault, "Azure Key Vault")
	vault.IdentifierURIs = []string{"https://vault.azure.net", "https://vault.usgovcloudapi.net"}
	vault.Scopes = []Scope{scope(AppKeyVault, "user_impersonation", "Have full access to the Azure Key Vault service", false)}

	client := func(appID, name string) *App {
		a := api(appID, name)
		a.PublicClient = true
		a.PublicRedirectURIs = []string{"http://localhost", "https://login.microsoftonline.com/common/oauth2/nativeclient"}
		return a
	}
	return []*App{graph, xdr, mde, arm, vault, client(AppAzureCLI, "Microsoft Azure CLI"), client(AppGraphCommands, "Microsoft Graph Command Line Tools")}
}
