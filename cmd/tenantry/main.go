// Command tenantry gives a security partner access to Microsoft Defender XDR
// in every customer tenant it serves. Run "tenantry demo" to see it work.
package main

import (
	"os"

	"github.com/tenantry/tenantry/internal/cli"
)

func main() {
	os.Exit(cli.Main(os.Args[1:]))
}
