package entra

import (
	"slices"
	"sort"
)

// CodeInfo is one row of the table of AADSTS numbers.
type CodeInfo struct {
	Code   int
	Action Action
	Next   string // one sentence: what to do
}

// Codes returns the table of AADSTS numbers that this package explains, in
// ascending order. Other numbers are kept in [Error] with ActionUnknown.
//
// Facts: learn.microsoft.com "Microsoft Entra authentication and authorization
// error codes" (reference-error-codes), and answers of the real service.
func Codes() []CodeInfo { return slices.Clone(codeTable()) }

// LookupCode finds a row of the table.
func LookupCode(code int) (CodeInfo, bool) {
	table := codeTable()
	i := sort.Search(len(table), func(i int) bool { return table[i].Code >= code })
	if i < len(table) && table[i].Code == code {
		return table[i], true
	}
	return CodeInfo{}, false
}

// genericCode reports numbers that only introduce a second, telling one.
func genericCode(code int) bool { return code == 70000 || code == 70002 }
