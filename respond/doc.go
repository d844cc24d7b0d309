// Package respond carries out what changes a customer's tenant: updates of
// incidents and alerts, actions on machines, indicators. Each is a [Plan] that
// [Runner.Run] carries out once:
//
//  1. the plan is checked;
//  2. an audit record is written, and kept for good, before anything is sent;
//  3. the effect is tried, once;
//  4. the record is finished with what became of it: done, refused, failed,
//     partial, or uncertain, with the ids the service gave.
//
// A record that could not be written stops the effect. One that stays open is of
// a run that was cut off, and is treated as uncertain. Nothing here repeats an
// effect: after an uncertain one, the service is asked what it knows
// ([Runner.Isolate] does so by itself, because a second isolation on top of a
// first one is not harmless).
package respond
