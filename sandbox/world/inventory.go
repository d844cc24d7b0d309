package world

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Inventory is what a tenant has that alerts speak of. Every address and URL
// of an alert is a device's, or that of a mail's sender or link.
type Inventory struct {
	Devices []*Device
	Users   []*Account // the users the tenant was declared with come first
	Files   []*File
	Mails   []*Mail // one per generated incident or alert that began with one
	Groups  []*SecurityGroup
}

// How much a tenant has beside its declared users.
const (
	inventoryPeople       = 14
	inventoryWorkstations = 12
)

// newInventory makes up a tenant's people, machines and files.
func newInventory(t *Tenant, epoch time.Time, common []*File) *Inventory {
	d := newDice("inventory", t.ID, strconv.FormatUint(t.Incidents.Seed, 10))
	label, _, _ := strings.Cut(t.DefaultDomain(), ".")
	netbios := strings.ToUpper(label)
	if len(netbios) > 15 {
		netbios = netbios[:15]
	}
	authority := fmt.Sprintf("S-1-5-21-%d-%d-%d-", d.r.Uint32(), d.r.Uint32(), d.r.Uint32())

	inv := &Inventory{Files: tenantFiles(common, t.ID)}
	taken := map[string]bool{}
	add := func(upn, name, id string) {
		local, _, _ := strings.Cut(upn, "@")
		taken[strings.ToLower(upn)] = true
		inv.Users = append(inv.Users, &Account{Name: local, Domain: netbios, SID: authority + strconv.Itoa(1101+len(inv.Users)), EntraID: id, UPN: upn, Display: name})
	}
	for _, u := range t.cast {
		add(u.UPN, u.Name, u.ID)
	}
	for range inventoryPeople {
		first, last := pick(d, firstNames), pick(d, lastNames)
		upn := strings.ToLower(first + "." + last + "@" + t.DefaultDomain())
		if !taken[upn] {
			add(upn, first+" "+last, userID(t.ID, upn))
		}
	}

	for i, name := range groupNames {
		inv.Groups = append(inv.Groups, &SecurityGroup{
			ID: DeriveGUID("group", t.ID, name), SID: authority + strconv.Itoa(512+i), Name: name,
			DistinguishedName: "CN=" + name + ",CN=Users,DC=" + label + ",DC=local",
		})
	}
	exit := fmt.Sprintf("198.51.100.%d", d.between(1, 254)) // documentation range, RFC 5737
	device := func(host, platform, version string, build int64, group string, groupID int32, owner *Account) {
		n := len(inv.Devices)
		first := epoch.Add(-d.span(200*24*time.Hour, 900*24*time.Hour))
		dev := &Device{
			MDEID: hexOf(40, "mde", t.ID, host), Host: host, Domain: label + ".local",
			OSPlatform: platform, OSVersion: version, OSBuild: build, OSProcessor: "x64",
			LastIP: fmt.Sprintf("10.%d.%d.%d", d.between(1, 30), n/200, 10+n%200), ExternalIP: exit,
			Health: "active", Risk: pick(d, []string{"none", "low", "medium", "high"}), Onboarding: "onboarded",
			AVStatus: "updated", RBACGroup: group, RBACGroupID: groupID, FirstSeen: first, LoggedOnUser: owner,
		}
		if platform != "Linux" {
			dev.EntraID = DeriveGUID("device", t.ID, host)
		}
		if d.chance(12) {
			dev.AVStatus = "notUpdated"
		}
		inv.Devices = append(inv.Devices, dev)
	}
	for i := range inventoryWorkstations {
		owner := inv.Users[i%len(inv.Users)]
		host := fmt.Sprintf("%s-%s%02d", strings.ToLower(netbios[:min(4, len(netbios))]), pick(d, []string{"lt", "pc"}), i+1)
		if d.chance(75) {
			device(host, "Windows11", "24H2", 26100, "Workstations", 3, owner)
		} else {
			device(host, "Windows10", "22H2", 19045, "Workstations", 3, owner)
		}
	}
	for _, s := range serverHosts {
		device(s.host, s.platform, s.version, s.build, "Servers", 7, nil)
	}
	for i, spare := range spareMachines {
		device(fmt.Sprintf("%s-lt%02d", strings.ToLower(netbios[:min(4, len(netbios))]), inventoryWorkstations+1+i), "Windows11", "23H2", 22631, "Workstations", 3, nil)
		inv.Devices[len(inv.Devices)-1].Health = spare.health
		inv.Devices[len(inv.Devices)-1].LastSeen = epoch.Add(-spare.unseen)
	}
	for _, dev := range inv.Devices {
		dev.describe(t.ID)
	}
	return inv
}

// spareMachines come after the servers and are in no story: they do not answer,
// so that what is asked of them waits.
var spareMachines = []struct {
	health string
	unseen time.Duration
}{
	{"inactive", 19 * 24 * time.Hour},
	{"noSensorData", 3 * 24 * time.Hour},
}

// describe tells what machines are beyond what evidence shows of them. It
// throws dice of its own: the stories' do not depend on it.
func (d *Device) describe(tenantID string) {
	roll := newDice("machine", tenantID, d.Host)
	d.Architecture, d.Value = "64-bit", "normal"
	d.Exposure = pick(roll, []string{"none", "low", "low", "medium", "high"})
	if d.RBACGroup == "Servers" {
		d.Value = "high"
		d.Tags = append(d.Tags, "server")
	}
}

// groups of every tenant, in the order of their well-known relative ids.
var groupNames = []string{"Domain Admins", "Domain Users"}

// servers of every tenant, in the order that scenes rely on.
var serverHosts = []struct {
	host, platform, version string
	build                   int64
}{
	{"dc01", "WindowsServer2022", "21H2", 20348},
	{"fs01", "WindowsServer2019", "1809", 17763},
	{"sql01", "WindowsServer2022", "21H2", 20348},
	{"web01", "Linux", "22.4", 0},
}

var (
	firstNames = []string{"Ada", "Bruno", "Carla", "Dmitri", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Katja", "Liam", "Mira", "Noah", "Olga", "Paulo", "Quinn", "Rosa", "Samir", "Tilda", "Umar", "Vera", "Wim", "Yara"}
	lastNames  = []string{"Abbott", "Berger", "Castro", "Dahl", "Eriksen", "Fontaine", "Grimaldi", "Haas", "Ivanova", "Jansen", "Kowalski", "Lindqvist", "Moreau", "Novak", "Okafor", "Petrov", "Quist", "Rossi", "Schmidt", "Tanaka", "Ueda", "Vogel", "Weber", "Zeller"}
)

// knownFile describes a file that stories use. A file that belongs to the
// tenant has its own hash there; a tool or malware has the same everywhere, so
// that it can be searched for over tenants.
type knownFile struct {
	name, folder, publisher string
	own                     bool
	size                    int64
}

const (
	system32  = `C:\Windows\System32`
	office    = `C:\Program Files\Microsoft Office\root\Office16`
	downloads = `C:\Users\Public\Downloads`
	temp      = `C:\Windows\Temp`
	microsoft = "Microsoft Corporation"
)

var fileCatalogue = []knownFile{
	{name: "powershell.exe", folder: system32 + `\WindowsPowerShell\v1.0`, publisher: microsoft, size: 455680},
	{name: "cmd.exe", folder: system32, publisher: microsoft, size: 331776},
	{name: "rundll32.exe", folder: system32, publisher: microsoft, size: 73728},
	{name: "wscript.exe", folder: system32, publisher: microsoft, size: 184320},
	{name: "vssadmin.exe", folder: system32, publisher: microsoft, size: 146944},
	{name: "services.exe", folder: system32, publisher: microsoft, size: 739776},
	{name: "lsass.exe", folder: system32, publisher: microsoft, size: 60640},
	{name: "explorer.exe", folder: `C:\Windows`, publisher: microsoft, size: 5553448},
	{name: "winword.exe", folder: office, publisher: microsoft, size: 1640272},
	{name: "outlook.exe", folder: office, publisher: microsoft, size: 42861008},
	{name: "invoice_8841.docm", folder: downloads, size: 91648},
	{name: "update.js", folder: downloads, size: 18311},
	{name: "psexesvc.exe", folder: `C:\Windows`, publisher: "Sysinternals", size: 189816},
	{name: "procdump64.exe", folder: temp, publisher: "Sysinternals", size: 424856},
	{name: "lsass.dmp", folder: temp, own: true, size: 61865984},
	{name: "locker.exe", folder: temp, size: 722432},
	{name: "README_RESTORE.txt", folder: `C:\Users\Public\Desktop`, size: 2104},
	{name: "loader.dll", folder: `C:\ProgramData\cache`, size: 308224},
	{name: "rclone.exe", folder: temp, size: 58720256},
	{name: "7z.exe", folder: `C:\Program Files\7-Zip`, publisher: "Igor Pavlov", size: 557056},
	{name: "contracts-archive.7z", folder: `D:\Shares\Legal`, own: true, size: 734003200},
	{name: "payroll.xlsx", folder: `D:\Shares\HR`, own: true, size: 412672},
	{name: "customer-list.xlsx", folder: `D:\Shares\Sales`, own: true, size: 1184256},
	{name: "pdf-toolbar-setup.exe", folder: downloads, publisher: "Toolbar Media", size: 2411724},
	{name: "webshell.aspx", folder: `C:\inetpub\wwwroot`, size: 4096},
}

// commonFiles are the files of the catalogue as every tenant has them.
func commonFiles() []*File {
	files := make([]*File, 0, len(fileCatalogue))
	for _, k := range fileCatalogue {
		files = append(files, k.hashed())
	}
	return files
}

// tenantFiles replaces those of the common files that are a tenant's own.
func tenantFiles(common []*File, tenantID string) []*File {
	files := slices.Clone(common)
	for i, k := range fileCatalogue {
		if k.own {
			files[i] = k.hashed(tenantID)
		}
	}
	return files
}

func (k knownFile) hashed(salt ...string) *File {
	words := append([]string{k.name}, salt...)
	return &File{
		Name: k.name, Path: k.folder, Size: k.size, Publisher: k.publisher, Signer: k.publisher,
		SHA1: hexOf(40, append(words, "sha1")...), SHA256: hexOf(64, append(words, "sha256")...), MD5: hexOf(32, append(words, "md5")...),
	}
}

func (inv *Inventory) file(name string) *File {
	for _, f := range inv.Files {
		if f.Name == name {
			return f
		}
	}
	return &File{Name: name} // a story names a file that the catalogue lacks: TestStories tells which
}
