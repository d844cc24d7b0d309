package world

// story is the template of an attack. Its texts are invented; categories,
// techniques, services and verdicts are Microsoft's and MITRE's.
type story struct {
	title       string
	description string
	lure        *lure // the mail it begins with; nil when nobody from outside is involved
	server      int   // index into serverHosts
	systemTags  []string
	steps       []step
	verdicts    []verdict
}

// step is one alert of a story.
type step struct {
	title, description, actions string
	category, severity          string
	source                      source
	techniques                  []string
	family, threat, actor       string
	evidence                    []prop

	detector string // id, made of the title
}

// verdict is how an analyst may close the incident.
type verdict struct{ classification, determination, remark string }

// source is the product that raised an alert, in Graph's words.
type source struct {
	service, detection, product string
	prefix                      string // of its alert ids
	investigates                bool   // by automated investigation
}

var (
	endpoint  = source{"microsoftDefenderForEndpoint", "microsoftDefenderForEndpoint", "Microsoft Defender for Endpoint", "da", true}
	antivirus = source{"microsoftDefenderForEndpoint", "antivirus", "Microsoft Defender for Endpoint", "da", true}
	mailGuard = source{"microsoftDefenderForOffice365", "microsoftDefenderForOffice365", "Microsoft Defender for Office 365", "fa", true}
	identity  = source{"microsoftDefenderForIdentity", "microsoftDefenderForIdentity", "Microsoft Defender for Identity", "aa", false}
	signIns   = source{"azureAdIdentityProtection", "azureAdIdentityProtection", "Microsoft Entra ID Protection", "ad", false}
	cloudApps = source{"microsoftDefenderForCloudApps", "cloudAppSecurity", "Microsoft Defender for Cloud Apps", "ca", false}
)

// determinationsOf lists the determinations that belong to a classification,
// by the table of Microsoft's "Update incidents API" page, in Graph's spelling.
func determinationsOf(classification string) []string {
	switch classification {
	case "truePositive":
		return []string{"multiStagedAttack", "maliciousUserActivity", "compromisedAccount", "malware", "phishing", "unwantedSoftware", "other"}
	case "informationalExpectedActivity":
		return []string{"securityTesting", "lineOfBusinessApplication", "confirmedActivity", "other"}
	case "falsePositive":
		return []string{"notMalicious", "notEnoughDataToValidate", "other"}
	}
	return []string{"unknown"}
}

var remarks = []string{
	"Called the user; he does not recall the activity.",
	"Isolating the device until the image is collected.",
	"Sessions revoked and password reset.",
	"Waiting for the customer's change calendar.",
}

func closed(determination, remark string) verdict {
	return verdict{"truePositive", determination, remark}
}

func expected(determination, remark string) verdict {
	return verdict{"informationalExpectedActivity", determination, remark}
}

func mistaken(determination, remark string) verdict {
	return verdict{"falsePositive", determination, remark}
}

// lore is what the tales of all tenants share.
type lore struct {
	stories []story
	files   []*File
}

func newLore() *lore {
	l := &lore{stories: append(endpointStories(), identityStories()...), files: commonFiles()}
	for i := range l.stories {
		for j := range l.stories[i].steps {
			st := &l.stories[i].steps[j]
			st.detector = DeriveGUID("detector", st.title)
		}
	}
	return l
}
