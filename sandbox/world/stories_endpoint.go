package world

func endpointStories() []story {
	return []story{
		{
			title:       "Multi-stage incident involving initial access and lateral movement",
			description: "A phishing mail led to stolen credentials, which were used to reach a server.",
			lure:        &lure{"Accounts Payable", "Overdue invoice 8841", "billing-notice", "/view/8841", "Delivered", "Inbox", "Phish"},
			server:      0,
			steps: []step{
				{
					title: "A user clicked through to a potentially malicious URL", description: "A link of a delivered mail was opened although it is rated malicious.",
					actions: "Check which other recipients opened the link.", category: "InitialAccess", severity: "high", source: mailGuard,
					techniques: []string{"T1566.002"}, evidence: []prop{theMail, theURL, theMailbox, theVictim},
				},
				{
					title: "Suspicious PowerShell command line", description: "PowerShell was started by an Office program with an encoded command.",
					actions: "Isolate the device and collect an investigation package.", category: "Execution", severity: "medium", source: endpoint,
					techniques: []string{"T1059.001", "T1204.002"},
					evidence:   []prop{theDevice, theVictim, seenFile("invoice_8841.docm", onDevice, "malicious", "active"), seenProcess("powershell.exe", "winword.exe", "powershell.exe -nop -w hidden -enc SQBFAFgA", onDevice), outsideIP},
				},
				{
					title: "Sensitive credential memory read", description: "The memory of the local security authority was read by an unusual program.",
					actions: "Reset the passwords of accounts that were signed in on the device.", category: "CredentialAccess", severity: "high", source: endpoint,
					techniques: []string{"T1003.001"},
					evidence:   []prop{theDevice, theVictim, seenProcess("procdump64.exe", "powershell.exe", "procdump64.exe -ma lsass.exe lsass.dmp", onDevice), seenFile("lsass.dmp", onDevice, "suspicious", "active")},
				},
				{
					title: "Suspected use of stolen credentials against a domain controller", description: "An account signed in to a domain controller from a device it does not normally use.",
					actions: "Disable the account and look for new services.", category: "LateralMovement", severity: "high", source: identity,
					techniques: []string{"T1021.002", "T1550.002"}, evidence: []prop{theVictim, deviceIP, theDevice, theServer},
				},
			},
			verdicts: []verdict{closed("multiStagedAttack", "Account disabled, devices rebuilt."), closed("compromisedAccount", "Password reset, no persistence found.")},
		},
		{
			title:       "Ransomware activity",
			description: "Files were encrypted on endpoints after backups were deleted.",
			lure:        &lure{"Parcel Service", "Your parcel is waiting", "parcel-track", "/label.js", "Delivered", "Inbox", "Malware"},
			server:      1, systemTags: []string{"Ransomware"},
			steps: []step{
				{
					title: "Script with suspicious content was run", description: "A downloaded script contacted an address of low reputation.",
					actions: "Block the address and look for the script elsewhere.", category: "Execution", severity: "medium", source: endpoint,
					techniques: []string{"T1059.007", "T1204.002"}, evidence: []prop{theDevice, theVictim, seenFile("update.js", onDevice, "malicious", "active"), seenProcess("wscript.exe", "explorer.exe", "wscript.exe update.js", onDevice), theURL},
				},
				{
					title: "File backups were deleted", description: "Volume shadow copies were deleted from the command line.",
					actions: "Isolate the device at once.", category: "Impact", severity: "high", source: endpoint,
					techniques: []string{"T1490"}, evidence: []prop{theServer, theVictim, seenProcess("vssadmin.exe", "cmd.exe", "vssadmin.exe delete shadows /all /quiet", onServer)},
				},
				{
					title: "Ransomware behavior detected in the file system", description: "Many files were rewritten and renamed within minutes.",
					actions: "Isolate the device, stop the process, restore from an offline backup.", category: "Ransomware", severity: "high", source: endpoint,
					techniques: []string{"T1486"}, family: "Lockstep", threat: "Ransom:Win32/Lockstep.A", actor: "Storm-9001",
					evidence: []prop{theServer, theDevice, seenFile("locker.exe", onServer, "malicious", "active"), seenFile("README_RESTORE.txt", onServer, "suspicious", "active"), seenProcess("locker.exe", "services.exe", `locker.exe -p D:\Shares`, onServer)},
				},
			},
			verdicts: []verdict{closed("malware", "Restored from backup."), closed("multiStagedAttack", "Restored; entry point closed.")},
		},
		{
			title:       "Malware incident",
			description: "Antivirus found malware that had been loaded from a download.",
			server:      1,
			steps: []step{
				{
					title: "'Siltbug' malware was detected", description: "A malicious file was found while it was opened.",
					actions: "Check that the file was removed.", category: "Malware", severity: "low", source: antivirus,
					techniques: []string{"T1204"}, family: "Siltbug", threat: "Trojan:Win32/Siltbug.B",
					evidence: []prop{theDevice, seenFile("loader.dll", onDevice, "malicious", "prevented")},
				},
				{
					title: "A program was registered to start with Windows", description: "A library in a data folder was registered to start at sign-in.",
					actions: "Remove the registry value.", category: "Persistence", severity: "medium", source: endpoint,
					techniques: []string{"T1547.001", "T1218.011"},
					evidence:   []prop{theDevice, theVictim, seenRegistry(`SOFTWARE\Microsoft\Windows\CurrentVersion\Run`, "CacheHelper", `rundll32.exe C:\ProgramData\cache\loader.dll,Start`, onDevice), seenProcess("rundll32.exe", "explorer.exe", `rundll32.exe C:\ProgramData\cache\loader.dll,Start`, onDevice)},
				},
			},
			verdicts: []verdict{closed("malware", "Removed by antivirus, registry cleaned."), mistaken("notMalicious", "A component of the customer's own software."), mistaken("notEnoughDataToValidate", "The file was gone before it could be analysed.")},
		},
		{
			title:       "Hands-on-keyboard attack launched from a compromised account",
			description: "Somebody worked through remote sessions from one endpoint to the next.",
			server:      2,
			steps: []step{
				{
					title: "Suspicious service launched", description: "A service for remote execution was installed from another device.",
					actions: "Find out who installed it.", category: "LateralMovement", severity: "medium", source: endpoint,
					techniques: []string{"T1569.002", "T1021.002"}, evidence: []prop{theDevice, nextDevice, theVictim, deviceIP, seenFile("psexesvc.exe", onNext, "suspicious", "active"), seenProcess("psexesvc.exe", "services.exe", "psexesvc.exe", onNext)},
				},
				{
					title: "Suspicious sequence of exploration activities", description: "Commands that list accounts, groups and shares were run one after the other.",
					actions: "Compare with the administrator's planned work.", category: "Discovery", severity: "low", source: endpoint,
					techniques: []string{"T1087.002", "T1069.002", "T1135"}, evidence: []prop{nextDevice, theVictim, seenProcess("cmd.exe", "psexesvc.exe", "cmd.exe /c net group \"Domain Admins\" /domain", onNext), theAdmins},
				},
				{
					title: "Attempt to turn off antivirus protection", description: "Settings of the antivirus were changed on a server.",
					actions: "Turn tamper protection on.", category: "DefenseEvasion", severity: "high", source: endpoint,
					techniques: []string{"T1562.001"}, evidence: []prop{theServer, theVictim, seenProcess("powershell.exe", "cmd.exe", "powershell.exe Set-MpPreference -DisableRealtimeMonitoring $true", onServer)},
				},
			},
			verdicts: []verdict{closed("multiStagedAttack", "Contained on all endpoints."), expected("securityTesting", "Penetration test, announced by the customer."), expected("confirmedActivity", "Administrator confirmed the maintenance.")},
		},
		{
			title:       "Unwanted software",
			description: "A potentially unwanted program was installed.",
			server:      1,
			steps: []step{{
				title: "An unwanted application was blocked", description: "An installer that brings advertising was blocked.",
				actions: "None needed if it was blocked.", category: "UnwantedSoftware", severity: "informational", source: antivirus,
				techniques: []string{"T1204.002"}, family: "PdfToolbar", threat: "PUA:Win32/PdfToolbar",
				evidence: []prop{theDevice, theVictim, seenFile("pdf-toolbar-setup.exe", onDevice, "suspicious", "blocked")},
			}},
			verdicts: []verdict{closed("unwantedSoftware", "Blocked; user told."), expected("lineOfBusinessApplication", "Used by the finance department.")},
		},
		{
			title:       "Web server exploitation",
			description: "A web shell was dropped on a public server and used to run commands.",
			lure:        &lure{"Site Monitor", "Downtime report", "uptime-probe", "/report", "Delivered", "JunkFolder", "Spam"},
			server:      3,
			steps: []step{
				{
					title: "Possible web shell installation", description: "A script file was written by the web server's own process.",
					actions: "Isolate the server and compare the site with its source.", category: "Persistence", severity: "high", source: endpoint,
					techniques: []string{"T1505.003", "T1190"}, evidence: []prop{theServer, outsideIP, seenFile("webshell.aspx", onServer, "malicious", "active")},
				},
				{
					title: "Suspicious command run by a web server process", description: "A command shell was started by the web server.",
					actions: "Collect the web server's logs.", category: "Execution", severity: "medium", source: endpoint,
					techniques: []string{"T1059.003"}, evidence: []prop{theServer, seenProcess("cmd.exe", "services.exe", "cmd.exe /c whoami", onServer), outsideIP},
				},
			},
			verdicts: []verdict{closed("multiStagedAttack", "Server rebuilt and patched."), expected("securityTesting", "Scanner of the customer's auditor.")},
		},
	}
}
