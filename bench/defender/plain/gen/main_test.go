package main

import (
	"bytes"
	"os"
	"testing"
)

func TestOutputIsCurrent(t *testing.T) {
	want, err := mirror("../../../../defender")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../" + output)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what gen writes; run go generate ./defender/plain in the folder bench", output)
	}
}
