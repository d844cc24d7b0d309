package defender

// Operations on machines, on the actions taken on them, and on indicators; all
// of them on SurfaceMDE.
const (
	OpListMachines    Operation = "list machines"
	OpGetMachine      Operation = "get machine"
	OpIsolateMachine  Operation = "isolate machine"
	OpReleaseMachine  Operation = "release machine"
	OpScanMachine     Operation = "scan machine"
	OpCollectPackage  Operation = "collect investigation package of machine"
	OpListActions     Operation = "list machine actions"
	OpGetAction       Operation = "get machine action"
	OpCancelAction    Operation = "cancel machine action"
	OpListIndicators  Operation = "list indicators"
	OpSubmitIndicator Operation = "submit indicator"
	OpDeleteIndicator Operation = "delete indicator"
)

// Application roles of WindowsDefenderATP, the resource of Defender for
// Endpoint. Role names are compared exactly.
const (
	RoleMachineRead      = "Machine.Read.All"
	RoleMachineReadWrite = "Machine.ReadWrite.All"
	RoleMachineIsolate   = "Machine.Isolate"
	RoleMachineScan      = "Machine.Scan"
	RoleMachineCollect   = "Machine.CollectForensics"
	// RoleIndicators reads and writes the indicators that the app itself made.
	RoleIndicators = "Ti.ReadWrite"
	// RoleIndicatorsAll reads and writes every indicator of the tenant.
	RoleIndicatorsAll = "Ti.ReadWrite.All"
)

// mdeCalls is the table of Defender for Endpoint's operations.
func mdeCalls() []call {
	const page = "https://learn.microsoft.com/defender-endpoint/api/"
	read := []string{RoleMachineRead, RoleMachineReadWrite}
	indicators := []string{RoleIndicators, RoleIndicatorsAll}
	return []call{
		{OpListMachines, read, page + "get-machines"},
		{OpGetMachine, read, page + "get-machine-by-id"},
		{OpIsolateMachine, []string{RoleMachineIsolate}, page + "isolate-machine"},
		{OpReleaseMachine, []string{RoleMachineIsolate}, page + "unisolate-machine"},
		{OpScanMachine, []string{RoleMachineScan}, page + "run-av-scan"},
		{OpCollectPackage, []string{RoleMachineCollect}, page + "collect-investigation-package"},
		{OpListActions, read, page + "get-machineactions-collection"},
		{OpGetAction, read, page + "get-machineaction-object"},
		// The page names the roles of all kinds of action without saying that it must
		// be the one of the action that is cancelled.
		{OpCancelAction, []string{RoleMachineCollect, RoleMachineIsolate, "Machine.RestrictExecution", RoleMachineScan,
			"Machine.Offboard", "Machine.StopAndQuarantine", "Machine.LiveResponse"}, page + "cancel-machine-action"},
		{OpListIndicators, indicators, page + "get-ti-indicators-collection"},
		{OpSubmitIndicator, indicators, page + "post-ti-indicator"},
		{OpDeleteIndicator, indicators, page + "delete-ti-indicator-by-id"},
	}
}
