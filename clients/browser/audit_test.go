package browser

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// audit lists what is wrong with a page for somebody who does not see it, who
// has no mouse, or whose screen is small. The numbers are those of WCAG 2.2,
// level AA: contrast 4.5 to 1, or 3 to 1 for large text (1.4.3), targets of 24
// by 24 pixels (2.5.8), no scrolling sideways (1.4.10).
const audit = `(() => {
const problems = [];
const say = (what, e) => problems.push(what + (e ? ": " + e.outerHTML.slice(0, 120) : ""));
const all = s => [...document.querySelectorAll(s)];
if (document.documentElement.lang !== "en") say("html has no lang");
if (document.title.trim() === "") say("no title");
if (!document.querySelector('meta[name="viewport"]')) say("no viewport");
if (all("h1").length !== 1) say(all("h1").length + " h1");
if (all("main").length !== 1) say(all("main").length + " main");
let level = 0;
for (const h of all("h1,h2,h3,h4")) {
  const n = +h.tagName[1];
  if (n > level + 1) say("heading leaves a level out", h);
  level = n;
}
const ids = all("[id]").map(e => e.id);
for (const id of ids) if (ids.filter(x => x === id).length > 1) say("id twice: " + id);
for (const e of all("input:not([type=hidden]),select,textarea")) {
  if (![...(e.labels || [])].some(l => l.innerText.trim() !== "")) say("no label", e);
}
for (const e of all("button,a")) if (e.innerText.trim() === "") say("no name", e);
for (const e of all("[tabindex]")) if (e.tabIndex > 0) say("positive tabindex", e);
for (const e of all("img")) if (!e.alt) say("no alternative text", e);
for (const e of all("dl")) if (e.querySelectorAll("dt").length === 0) say("empty list", e);
for (const e of all("button,a,input:not([type=hidden])")) {
  const r = e.getBoundingClientRect();
  if (r.width < 24 || r.height < 24) say("target of " + r.width + "x" + r.height, e);
}
const wide = document.documentElement;
if (wide.scrollWidth > wide.clientWidth) say("scrolls sideways: " + wide.scrollWidth + " of " + wide.clientWidth);
for (const e of all("body *")) {
  const r = e.getBoundingClientRect();
  if (r.width > 0 && (r.left < 0 || r.right > wide.clientWidth + 1)) say("sticks out", e);
}
const colour = s => { const m = s.match(/[\d.]+/g).map(Number); return {rgb: m.slice(0, 3), a: m.length > 3 ? m[3] : 1}; };
const ground = e => {
  for (; e; e = e.parentElement) {
    const c = colour(getComputedStyle(e).backgroundColor);
    if (c.a === 1) return c.rgb;
    if (c.a > 0) say("half-transparent ground", e);
  }
  return [255, 255, 255];
};
const luminance = rgb => {
  const [r, g, b] = rgb.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
for (const e of all("body *")) {
  if (["SCRIPT", "STYLE", "NOSCRIPT"].includes(e.tagName)) continue;
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim() !== "")) continue;
  const style = getComputedStyle(e);
  const [a, b] = [luminance(colour(style.color).rgb), luminance(ground(e))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && +style.fontWeight >= 700);
  if (ratio < (large ? 3 : 4.5)) say("contrast " + ratio.toFixed(2), e);
  if (size < 12) say("text of " + size + "px", e);
}
return problems;
})()`

// stops lists what the keyboard can reach on a page, in the page's order: what
// Tab has to visit.
const stops = `[...document.querySelectorAll("a[href],button,input:not([type=hidden]),select,textarea")].map(e => e.id || e.value)`

// looks audits the page at two widths and takes a picture of each.
func (p *person) looks(name string) {
	p.t.Helper()
	for _, width := range []int64{1280, 400} {
		p.do(chromedp.EmulateViewport(width, 800))
		for _, problem := range ask[[]string](p, audit) {
			p.t.Errorf("%s, %d pixels wide: %s", name, width, problem)
		}
		ctx, cancel := context.WithTimeout(p.ctx, patience)
		defer cancel()
		picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
		if err != nil {
			p.t.Fatal(err)
		}
		if err := os.WriteFile(screenshotFile(p.t, fmt.Sprintf("%s-%d", name, width)), picture, 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	p.do(chromedp.EmulateViewport(1280, 800))
	p.tabs(name)
}

// tabs walks through the page with the Tab key: every control is reached, in
// the order it is written in, and is seen to have the keyboard.
func (p *person) tabs(name string) {
	p.t.Helper()
	want := ask[[]string](p, stops)
	if len(want) == 0 {
		return
	}
	const held = `document.activeElement === document.body ? "" : document.activeElement.id || document.activeElement.value`
	p.ready()
	// A page may have put the keyboard on one of its controls already: go back
	// to the first, with Shift and Tab.
	at := ask[string](p, held)
	for range slices.Index(want, at) {
		p.do(chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(kb.ModifierShift)))
	}
	var got []string
	for len(got) < len(want) {
		if len(got) > 0 || at == "" {
			p.key(kb.Tab)
		}
		got = append(got, ask[string](p, held))
		if !ask[bool](p, `getComputedStyle(document.activeElement).outlineStyle !== "none"`) {
			p.t.Errorf("%s: nothing shows that %s has the keyboard", name, got[len(got)-1])
		}
	}
	if at != "" {
		p.do(chromedp.Focus(chromedp.ID(at))) // as it was found
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		p.t.Errorf("%s: Tab visits %q, not %q", name, got, want)
	}
}
