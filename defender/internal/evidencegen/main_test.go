package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The committed files are what the generator writes.
func TestGeneratedFilesAreUpToDate(t *testing.T) {
	folder := t.TempDir()
	if err := run("schema.json", folder); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadDir(folder)
	if err != nil || len(written) != 5 {
		t.Fatalf("the generator wrote %d files, want 5 (%v)", len(written), err)
	}
	for _, f := range written {
		want, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("..", "..", f.Name()))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the generator writes (%v): run go generate ./defender", f.Name(), err)
		}
	}
}

func TestGoNames(t *testing.T) {
	for in, want := range map[string]string{
		"azureAdDeviceId": "AzureADDeviceID", "mdeDeviceId": "MDEDeviceID", "ioTHub": "IoTHub", "ioTDeviceEvidence": "IoTDeviceEvidence",
		"externalIPs": "ExternalIPs", "clusterIP": "ClusterIP", "senderIP": "SenderIP", "senderIp": "SenderIP", "sha256Ac": "SHA256AC", "p1Sender": "P1Sender",
		"md5": "MD5", "gitHubUserEvidence": "GitHubUserEvidence", "oauthApplicationEvidence": "OAuthApplicationEvidence", "saasAppId": "SaaSAppID",
		"defenderAvStatus": "DefenderAVStatus", "startUtcDateTime": "StartUTCDateTime", "urls": "URLs", "etag": "ETag",
	} {
		if got := goName(in); got != want {
			t.Errorf("goName(%q) = %q, want %q", in, got, want)
		}
	}
}

// A schema that cannot be turned into Go is an error, not a wrong type.
func TestSchemasThatDoNotWork(t *testing.T) {
	many := map[string]string{}
	for _, a := range "abcdefgh" {
		for _, b := range "abcdefgh" {
			many[string(a)+string(b)] = "String"
		}
	}
	for want, s := range map[string]*schema{
		"no Go type for Stream": {Types: map[string]graphType{"xEvidence": {Base: "self.alertEvidence", Properties: map[string]string{"a": "Stream"}}}},
		"no Go type for Collection(Int64)": {Types: map[string]graphType{"xEvidence": {Base: "self.alertEvidence", Properties: map[string]string{
			"a": "Collection(Int64)"}}}},
		"a type has 72 properties": {Types: map[string]graphType{"xEvidence": {Base: "self.alertEvidence", Properties: many}}},
	} {
		if _, err := generate(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %q", err, want)
		}
	}
	file := filepath.Join(t.TempDir(), "schema.json")
	if err := os.WriteFile(file, []byte(`{"source":"x","tpyes":{}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readSchema(file); err == nil {
		t.Error("a schema with an unknown key was taken")
	}
	if _, err := readSchema(file + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v of a schema that does not exist", err)
	}
}
