package syntax_test

import (
	"fmt"

	"github.com/tenantry/tenantry/kql/syntax"
)

func ExampleParse() {
	const query = "DeviceProcessEvents\n| where FileName =~ \"cmd.exe\n| take 5"
	_, diags := syntax.Parse(query)
	for _, d := range diags {
		line, col := syntax.LineCol(query, d.Start)
		fmt.Printf("%d:%d: %s %s\n", line, col, d.Code, d.Message)
	}
	// Output:
	// 2:29: KS001 The text that begins with "cmd.exe has no closing " on its line.
}

func ExampleInspect() {
	q, _ := syntax.Parse("DeviceInfo | where OSPlatform has 'Windows' | summarize count() by OSPlatform")
	syntax.Inspect(q, func(n syntax.Node) bool {
		if op, ok := n.(syntax.Operator); ok {
			fmt.Println(op.Head().Keyword, "at", op.Position().Start)
		}
		return true
	})
	// Output:
	// where at 13
	// summarize at 46
}
