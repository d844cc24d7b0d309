package verify

import (
	"encoding/base64"
	"strings"

	"github.com/tenantry/tenantry/entra/verify/internal/rule"
)

func one(id rule.ID) []rule.ID { return []rule.ID{id} }

// encoded changes one encoded part before the token is signed, as an issuer
// with a careless encoder would.
func encoded(n int, change func(string) string) func(forge) forge {
	return func(f forge) forge {
		f.encode = func(part int, s string) string {
			if part == n {
				return change(s)
			}
			return s
		}
		return f
	}
}

// ragged lengthens header and payload so that base64 leaves bits over in both.
func ragged(f forge) forge {
	for _, pad := range []string{"", "x", "xx"} {
		f = f.with(map[string]any{"pad": pad}).head1("pad", pad)
		parts := strings.Split(f.token(), ".")
		if len(parts[0])%4 != 0 && len(parts[1])%4 != 0 {
			return f
		}
	}
	// One of the two needs another length than the other.
	for _, pad := range []string{"", "x", "xx"} {
		g := f.head1("pad", pad)
		parts := strings.Split(g.token(), ".")
		if len(parts[0])%4 != 0 && len(parts[1])%4 != 0 {
			return g
		}
	}
	panic("no ragged token")
}

func then(changes ...func(forge) forge) func(forge) forge {
	return func(f forge) forge {
		for _, c := range changes {
			f = c(f)
		}
		return f
	}
}

func standard(s string) string { return strings.NewReplacer("-", "+", "_", "/").Replace(s) }

func pad(s string) string { return s + strings.Repeat("=", (4-len(s)%4)%4) }

func formVectors() []vector {
	mends := map[string]string{"inspect": "Inspect mends what people paste"}
	trims := map[string]string{"inspect": "Inspect mends what people paste", "handler": "blanks around a header's value are no part of it"}
	return []vector{
		{name: "longer than 16 kB", change: set("pad", strings.Repeat("x", MaxToken)), chain: one(rule.FormLength)},
		{name: "of 1 MB", change: set("pad", strings.Repeat("x", 1<<20)), chain: one(rule.FormLength)},
		{name: "empty", on: "verify", change: after(func(string) string { return "" }), chain: one(rule.FormParts), floor: "there is nothing to verify"},
		{name: "one part", change: after(func(s string) string { return s[:strings.IndexByte(s, '.')] }), chain: one(rule.FormParts), floor: "there is nothing to verify"},
		{name: "two parts, the signature is missing", change: after(func(s string) string { return s[:strings.LastIndexByte(s, '.')] }), chain: one(rule.FormParts), floor: "without a third part there is no signature to verify"},
		{name: "four parts", change: after(func(s string) string { return s + ".AA" }), chain: one(rule.FormParts)},
		{name: "five parts, as an encrypted token has", change: after(func(s string) string { return s + ".AA.AA" }), chain: one(rule.FormParts)},
		{name: "a thousand dots", change: after(func(s string) string { return s + strings.Repeat(".", 1000) }), chain: one(rule.FormParts)},
		{name: "JSON serialization", on: "verify", change: after(func(s string) string {
			p := strings.Split(s, ".")
			return `{"payload":"` + p[1] + `","protected":"` + p[0] + `","signature":"` + p[2] + `"}`
		}), chain: one(rule.FormParts), floor: "the JSON forms of a signature are not read at all"},
		{name: "the word Bearer before it", on: "verify", change: after(func(s string) string { return "Bearer " + s }), chain: one(rule.FormAlphabet), floor: "the word becomes part of the header"},
		{name: "empty signature", change: after(part(2, func(string) string { return "" })), chain: []rule.ID{rule.FormEmptySignature, rule.SignatureValue}, why: "an empty signature fits nothing"},
		{name: "line break at the end", change: after(func(s string) string { return s + "\n" }), chain: one(rule.FormAlphabet), spares: mends},
		{name: "blank at the end", change: after(func(s string) string { return s + " " }), chain: one(rule.FormAlphabet), spares: trims},
		{name: "line break in the signature", change: after(part(2, func(s string) string { return s[:40] + "\r\n" + s[40:] })), chain: one(rule.FormAlphabet), spares: mends},
		{name: "NUL in the signature", change: after(part(2, func(s string) string { return s[:40] + "\x00" + s[40:] })), chain: one(rule.FormAlphabet), spares: mends},
		{name: "line break in the payload, signed", on: "-inspect", change: encoded(1, func(s string) string { return s[:40] + "\n" + s[40:] }), chain: one(rule.FormAlphabet)},
		{name: "standard alphabet in the signature", change: after(part(2, standard)), chain: one(rule.FormAlphabet)},
		{name: "standard alphabet in the payload, signed", change: then(set("z", "~~~???~~~???"), encoded(1, standard)), chain: one(rule.FormAlphabet)},
		{name: "padding behind the signature", change: after(part(2, pad)), chain: one(rule.FormPadding), spares: mends},
		{name: "padding behind the payload, signed", change: then(ragged, encoded(1, pad)), chain: one(rule.FormPadding)},
		{name: "padding behind the header, signed", change: then(ragged, encoded(0, pad)), chain: one(rule.FormPadding)},
		{name: "stray bits at the end of the signature", change: after(part(2, strayBits)), chain: one(rule.FormBits)},
		{name: "stray bits at the end of the payload, signed", change: then(ragged, encoded(1, strayBits)), chain: one(rule.FormBits)},
		{name: "stray bits at the end of the header, signed", change: then(ragged, encoded(0, strayBits)), chain: one(rule.FormBits)},
		{name: "signature of an impossible length", change: after(part(2, func(s string) string { return s[:len(s)-1] })), chain: []rule.ID{rule.FormEncoding, rule.SignatureValue}, why: "what can be decoded of it is a byte short"},
	}
}

func jsonVectors() []vector {
	empty := "a token without members has nothing that could be accepted"
	deep := func(n int) string { return `"x":` + strings.Repeat("[", n) + strings.Repeat("]", n) }
	return []vector{
		{name: "header is not JSON", change: headText(func(string) string { return "{" }), chain: one(rule.FormSyntax), floor: empty},
		{name: "payload is not JSON", change: text(func(string) string { return "foo" }), chain: one(rule.FormSyntax), floor: empty},
		{name: "payload is another token", change: func(f forge) forge { f.payload = f.token(); return f }, chain: one(rule.FormSyntax), floor: empty},
		{name: "payload is a list", change: text(func(s string) string { return "[" + s + "]" }), chain: one(rule.FormObject), floor: empty},
		{name: "payload is a string", change: text(func(string) string { return `"x"` }), chain: one(rule.FormObject), floor: empty},
		{name: "payload cut before its end", change: text(func(s string) string { return s[:len(s)-1] }), chain: one(rule.FormSyntax)},
		{name: "payload with a comma too many", change: text(func(s string) string { return s[:len(s)-1] + ",}" }), chain: one(rule.FormSyntax)},
		{name: "payload with NaN", change: text(last(`"x":NaN`)), chain: one(rule.FormSyntax)},
		{name: "payload with a number with a leading zero", change: text(last(`"x":007`)), chain: one(rule.FormSyntax)},
		{name: "payload with a comment", change: text(last(`"x":1/* */`)), chain: one(rule.FormSyntax)},
		{name: "payload with half a surrogate pair", change: text(last(`"x":"\ud800"`)), chain: one(rule.FormSyntax)},
		{name: "payload with a line break in a string", change: text(last("\"x\":\"a\nb\"")), chain: one(rule.FormControl)},
		{name: "payload with NUL in a string", change: text(last("\"x\":\"a\x00b\"")), chain: one(rule.FormControl)},
		{name: "payload with NUL behind", change: text(func(s string) string { return s + "\x00" }), chain: one(rule.FormTrailing)},
		{name: "payload with a second object behind", change: text(func(s string) string { return s + "{}" }), chain: one(rule.FormTrailing)},
		{name: "header with a second object behind", change: headText(func(s string) string { return s + `{"alg":"none"}` }), chain: one(rule.FormTrailing)},
		{name: "payload with a byte order mark", change: text(func(s string) string { return "\ufeff" + s }), chain: one(rule.FormBOM)},
		{name: "header with a byte order mark", on: "verify", change: headText(func(s string) string { return "\ufeff" + s }), chain: one(rule.FormBOM)},
		{name: "payload with invalid UTF-8", change: text(last("\"x\":\"\xff\"")), chain: one(rule.FormUTF8)},
		{name: "payload with an overlong NUL", change: text(last("\"x\":\"\xc0\x80\"")), chain: one(rule.FormUTF8)},
		{name: "header with invalid UTF-8", change: headText(last("\"x\":\"\xff\"")), chain: one(rule.FormUTF8)},
		{name: "payload with tid twice", change: text(first(`"tid":"` + tenantB + `"`)), chain: one(rule.FormDuplicate)},
		{name: "payload with tid twice, escaped", change: text(first(`"\u0074id":"` + tenantB + `"`)), chain: one(rule.FormDuplicate)},
		{name: "payload with exp twice", change: text(first(`"exp":4102444800`)), chain: one(rule.FormDuplicate)},
		{name: "payload with roles twice", change: text(first(`"roles":["a"],"roles":["b"]`)), on: "id", chain: one(rule.FormDuplicate)},
		{name: "payload with a member twice deep inside", change: text(last(`"x":[{"y":{"z":1,"z":2}}]`)), chain: one(rule.FormDuplicate)},
		{name: "payload with a member twice among a hundred", change: text(last(hundred() + `,"x7":0`)), chain: one(rule.FormDuplicate)},
		{name: "header with alg twice", change: headText(first(`"alg":"none"`)), chain: one(rule.FormDuplicate)},
		{name: "header with kid twice", change: headText(first(`"kid":"second"`)), chain: one(rule.FormDuplicate)},
		{name: "payload nested 17 deep", change: text(last(deep(17))), chain: one(rule.FormDepth)},
		{name: "payload nested 4,000 deep", change: text(last(deep(4000))), chain: one(rule.FormDepth)},
		{name: "payload of objects nested 1,000 deep", change: text(last(`"x":` + strings.Repeat(`{"x":`, 1000) + "1" + strings.Repeat("}", 1000))), chain: one(rule.FormDepth)},
		{name: "header nested 1,000 deep", change: headText(last(deep(1000))), chain: one(rule.FormDepth)},
	}
}

// hundred is a hundred members of different names.
func hundred() string {
	var b strings.Builder
	for i := range 100 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"x` + strings.TrimLeft(string([]byte{'0' + byte(i/10), '0' + byte(i%10)}), "0") + `":1`)
	}
	return b.String()
}

func decoded(s string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
