package world

func identityStories() []story {
	return []story{
		{
			title:       "Business email compromise financial fraud",
			description: "A mailbox was taken over and its rules were changed to hide an invoice fraud.",
			lure:        &lure{"Office Support", "Your mailbox is almost full", "mail-storage", "/signin", "Delivered", "Inbox", "Phish"},
			steps: []step{
				{
					title: "Email messages containing malicious URL removed after delivery", description: "Messages were removed from mailboxes after their link was rated malicious.",
					actions: "Find out who opened the link before.", category: "InitialAccess", severity: "informational", source: mailGuard,
					techniques: []string{"T1566.002"}, evidence: []prop{theMail, theURL, theMailbox, theCluster},
				},
				{
					title: "Sign-in with unfamiliar properties", description: "A sign-in did not look like the user's earlier ones.",
					actions: "Ask the user; revoke sessions.", category: "InitialAccess", severity: "medium", source: signIns,
					techniques: []string{"T1078.004"}, evidence: []prop{theVictim, outsideIP},
				},
				{
					title: "Suspicious inbox manipulation rule", description: "A rule moves messages about payments into a hidden folder.",
					actions: "Delete the rule and read what it moved.", category: "DefenseEvasion", severity: "high", source: cloudApps,
					techniques: []string{"T1564.008", "T1114.003"}, evidence: []prop{theVictim, theMailbox, outsideIP},
				},
			},
			verdicts: []verdict{closed("compromisedAccount", "Rule deleted, bank informed."), closed("phishing", "No payment was made."), mistaken("notMalicious", "The user's own rule.")},
		},
		{
			title:       "Password spray",
			description: "One source tried few passwords on many accounts, and one of them signed in.",
			lure:        &lure{"Newsletter", "Ten tips for your team", "team-tips", "/unsubscribe", "Delivered", "JunkFolder", "Spam"},
			steps: []step{
				{
					title: "Password spray attack", description: "Accounts of the tenant were tried with common passwords from one address.",
					actions: "Block legacy authentication.", category: "CredentialAccess", severity: "medium", source: signIns,
					techniques: []string{"T1110.003"}, evidence: []prop{theVictim, anotherUser, outsideIP},
				},
				{
					title: "Activity from an anonymous IP address", description: "An account was active from an address that hides its user.",
					actions: "Revoke the sessions of the account.", category: "InitialAccess", severity: "medium", source: cloudApps,
					techniques: []string{"T1078", "T1090"}, evidence: []prop{theVictim, outsideIP},
				},
			},
			verdicts: []verdict{closed("compromisedAccount", "Sessions revoked, second factor enforced."), mistaken("notEnoughDataToValidate", "Logs were already gone.")},
		},
		{
			title:       "Exfiltration incident",
			description: "Archives of confidential files were copied to a storage service.",
			lure:        &lure{"Cloud Drive", "A folder was shared with you", "drive-share", "/folder/22", "Delivered", "Inbox", "Phish"},
			server:      1,
			steps: []step{
				{
					title: "Files were packed for collection", description: "A large archive of a file share was made by a user who never did so.",
					actions: "Ask the owner of the share.", category: "Collection", severity: "low", source: endpoint,
					techniques: []string{"T1560.001"}, evidence: []prop{theServer, theVictim, seenProcess("7z.exe", "cmd.exe", `7z.exe a contracts-archive.7z D:\Shares\Legal`, onServer), seenFile("contracts-archive.7z", onServer, "suspicious", "active")},
				},
				{
					title: "Data exfiltration to a cloud storage service", description: "A synchronisation tool sent an archive out of the network.",
					actions: "Block the tool and the address.", category: "Exfiltration", severity: "high", source: endpoint,
					techniques: []string{"T1567.002"}, evidence: []prop{theServer, theVictim, seenFile("rclone.exe", onServer, "suspicious", "active"), seenProcess("rclone.exe", "cmd.exe", "rclone.exe copy contracts-archive.7z remote:in", onServer), outsideIP, cloudApp("Parcelbox Storage")},
				},
			},
			verdicts: []verdict{closed("multiStagedAttack", "Storage provider took the data down."), expected("lineOfBusinessApplication", "The customer's off-site backup.")},
		},
		{
			title:       "Insider activity",
			description: "A user about to leave copied more files than his work needs.",
			server:      1,
			steps: []step{
				{
					title: "Unusual file download by a departing user", description: "Many files were downloaded within an hour by one user.",
					actions: "Inform the customer's human resources department.", category: "Collection", severity: "low", source: cloudApps,
					techniques: []string{"T1530"}, evidence: []prop{theVictim, deviceIP, theDevice, seenFile("customer-list.xlsx", onDevice, "suspicious", "none"), cloudApp("Contract Drive")},
				},
				{
					title: "Confidential file copied to a removable device", description: "A file with a confidential label was copied to a USB drive.",
					actions: "Take the drive back.", category: "Exfiltration", severity: "medium", source: endpoint,
					techniques: []string{"T1052.001"}, evidence: []prop{theDevice, theVictim, seenFile("payroll.xlsx", onDevice, "suspicious", "none")},
				},
			},
			verdicts: []verdict{closed("maliciousUserActivity", "Handed to the customer's lawyers."), expected("confirmedActivity", "Approved hand-over of work.")},
		},
		{
			title:       "Phishing campaign",
			description: "A phishing mail was delivered and reported by its reader.",
			lure:        &lure{"Human Resources", "Updated holiday policy", "hr-portal", "/policy", "Blocked", "Quarantine", "Phish"},
			steps: []step{{
				title: "Email reported by user as malware or phish", description: "A user reported a message.",
				actions: "Look for the same message in other mailboxes.", category: "InitialAccess", severity: "low", source: mailGuard,
				techniques: []string{"T1566"}, evidence: []prop{theMail, theURL, theMailbox, theCluster},
			}},
			verdicts: []verdict{closed("phishing", "Messages deleted from all mailboxes."), expected("securityTesting", "Phishing training of the customer."), mistaken("notMalicious", "A genuine newsletter.")},
		},
		{
			title:       "Suspicious consent to an application",
			description: "A user let an unknown application read his mail.",
			lure:        &lure{"Meeting Notes", "Your notes are ready", "notes-app", "/allow", "Delivered", "Inbox", "Phish"},
			steps: []step{
				{
					title: "Misleading publisher name of an OAuth application", description: "An application with a name like a well-known one was given access to mail.",
					actions: "Revoke the application's access.", category: "Persistence", severity: "medium", source: cloudApps,
					techniques: []string{"T1528", "T1550.001"}, evidence: []prop{theVictim, outsideIP, theURL, theOAuthApp},
				},
				{
					title: "Unusual volume of mail read by an application", description: "An application read far more messages than it did before.",
					actions: "Find out what was read.", category: "Collection", severity: "medium", source: cloudApps,
					techniques: []string{"T1114.002"}, evidence: []prop{theVictim, theMailbox, outsideIP, theOAuthApp},
				},
			},
			verdicts: []verdict{closed("compromisedAccount", "Consent revoked."), mistaken("other", "The application is the customer's own.")},
		},
	}
}
