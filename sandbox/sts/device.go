package sts

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/tenantry/tenantry/sandbox/world"
)

const (
	deviceLifetime = 15 * time.Minute
	deviceMemory   = time.Hour
	deviceInterval = 5 // seconds between polls
)

// device is a sign-in that waits for its user on another device.
type device struct {
	userGrant
	appID    string
	userCode string
	v2       bool
	segment  string // the authority it was asked at
	issued   time.Time
	state    deviceState
}

type deviceState int

const (
	deviceWaits deviceState = iota
	deviceApproved
	deviceRefused
	deviceSpent
)

// deviceCode starts the device flow.
func (x *exchange) deviceCode() error {
	a, err := x.served()
	if err != nil {
		return err
	}
	app, err := x.client(x.param("client_id"), a)
	if err != nil {
		return err
	}
	d := device{appID: app.AppID, v2: x.v2, segment: a.segment(), issued: x.now, userCode: newUserCode()}
	if x.v2 {
		if x.form.Has("resource") {
			return refuse(scopeOnV2Resource)
		}
		if d.scope, err = x.need("scope"); err != nil {
			return err
		}
		if _, err := parseScope(d.scope, a.tenant); err != nil {
			return err
		}
	} else {
		d.resource = x.param("resource")
		x.note.Resource = d.resource
	}
	code := "1." + unguessable()
	until := x.now.Add(deviceMemory)
	x.devices.put(code, d, x.now, until)
	x.userCode.put(d.userCode, code, x.now, until)

	page := x.origin() + "/devicelogin"
	answer := map[string]any{
		"user_code": d.userCode, "device_code": code,
		"message": fmt.Sprintf("To sign in, use a web browser to open the page %s and enter the code %s to authenticate.", page, d.userCode),
	}
	if x.v2 {
		answer["verification_uri"], answer["expires_in"], answer["interval"] = page, int(deviceLifetime/time.Second), deviceInterval
	} else {
		answer["verification_url"], answer["expires_in"], answer["interval"] = page, strconv.Itoa(int(deviceLifetime/time.Second)), strconv.Itoa(deviceInterval)
	}
	x.json(200, answer)
	return nil
}

// newUserCode has no letters that are taken for others.
func newUserCode() string {
	const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	b := make([]byte, 9)
	for i := range b {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(letters))))
		if err != nil { // never since Go 1.24
			continue
		}
		b[i] = letters[n.Int64()]
	}
	return string(b)
}

// redeemDevice answers one poll.
func (x *exchange) redeemDevice(app *world.App, a authority) error {
	name := "device_code"
	if !x.form.Has(name) {
		name = "code" // v1
	}
	code := x.param(name)
	if code == "" {
		return refuse(requestMissing, "parameter", "device_code")
	}
	d, ok := x.devices.get(code, x.now)
	if !ok || !strings.EqualFold(d.appID, app.AppID) {
		return refuse(deviceUnknown)
	}
	switch {
	case d.state == deviceRefused:
		return refuse(deviceDeclined)
	case d.state == deviceSpent:
		return refuse(grantRedeemed)
	case x.now.After(d.issued.Add(deviceLifetime)):
		return refuse(deviceExpired)
	case d.state == deviceWaits:
		return refuse(devicePending)
	}
	if err := x.sameTenant(a, d.tenantID); err != nil {
		return err
	}
	t, ok := x.world.Tenant(d.tenantID)
	if !ok {
		return refuse(requestMalformed)
	}
	// The registration allows a public flow when it says so, or shows no
	// credential at all; a confidential application proves itself here too.
	public := app.PublicClient || len(app.PublicRedirectURIs) > 0
	acr, err := x.authenticate(app, t, public)
	if err != nil {
		return err
	}
	first := false
	x.devices.change(code, x.now, func(d *device) { first, d.state = d.state == deviceApproved, deviceSpent })
	if !first {
		return refuse(grantRedeemed)
	}
	return x.answerUser(app, d.userGrant, acr)
}

// deviceLogin is the short address that people type.
func (x *exchange) deviceLogin() error {
	x.redirect(x.origin() + "/common/oauth2/deviceauth")
	return nil
}

// deviceAuth asks for the user code, and starts the sign-in it belongs to.
func (x *exchange) deviceAuth() error {
	code := strings.ToUpper(strings.TrimSpace(x.param("otc")))
	if code == "" {
		return x.show("device.html", pageData{Title: "Enter code"})
	}
	key, ok := x.userCode.get(code, x.now)
	d, alive := x.devices.get(key, x.now)
	if !ok || !alive || d.state != deviceWaits {
		return x.deviceProblem(refuse(userCodeWrong))
	}
	if x.now.After(d.issued.Add(deviceLifetime)) {
		return x.deviceProblem(refuse(userCodeExpired))
	}
	x.segment, x.v2 = d.segment, d.v2
	a, err := x.served()
	if err != nil {
		return err
	}
	app, err := x.client(d.appID, a)
	if err != nil {
		return err
	}
	f := flow{kind: kindDevice, v2: d.v2, authority: a.segment(), appID: app.AppID, scope: d.scope, resource: d.resource, deviceCode: key}
	return x.begin(&f, app)
}

func (x *exchange) deviceProblem(err error) error {
	e := x.wire(err)
	return x.show("device.html", pageData{Title: "Enter code", Problem: e.Text})
}
