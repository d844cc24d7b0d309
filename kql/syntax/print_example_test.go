package syntax_test

import (
	"fmt"

	"github.com/tenantry/tenantry/kql/syntax"
)

// A query is read, and written in the canonical layout.
func ExampleFormat() {
	query, diagnostics := syntax.Parse(`let window=7d;
DeviceProcessEvents|where Timestamp>ago(window) // recent
  and FileName<>"cmd.exe"|summarize n=count() by DeviceName`)
	for _, d := range diagnostics {
		fmt.Println(d)
	}
	fmt.Print(syntax.Format(query))
	// Output:
	// let window = 7d;
	// DeviceProcessEvents
	// | where Timestamp > ago(window) // recent
	//     and FileName != "cmd.exe"
	// | summarize n = count() by DeviceName
}
