// Package defender reads and changes what Microsoft Defender knows of one
// Microsoft Entra tenant, through the Microsoft services that tell of it:
//
//   - surface "graph": Microsoft Graph security: incidents, and alerts
//     (https://learn.microsoft.com/graph/api/resources/security-api-overview);
//   - surface "xdr": the Microsoft Defender XDR API: incidents with their alerts
//     (https://learn.microsoft.com/defender-xdr/api-list-incidents);
//   - surface "mde": Microsoft Defender for Endpoint: machines, actions on them,
//     indicators (https://learn.microsoft.com/defender-endpoint/api/exposed-apis-list).
//
// The first two are read into one [Incident] type. Enum values are spelled as
// Microsoft Graph spells them, whatever the surface wrote; values nobody knew
// when this package was written are kept as they came. Fields this package
// does not know are kept in Extra and the whole original JSON in Raw, so that
// nothing Microsoft sends is lost.
//
// One [Client] is for one tenant: its Token function returns bearer tokens of
// that tenant only. Which surface a tenant can be asked through depends on the
// roles it granted; see [ChooseSurface], [RequiredRoles] and [Documentation].
//
// # Limits, retries, writes
//
// Each call waits until the tenant's [Budget] has room for it, so that the
// services' limits are kept rather than run into; a call that is refused all the
// same (429) pauses its kind until the service says, and is repeated. Reads are
// repeated after failures that may pass. A write is repeated after a 429 only: one
// that may or may not have been carried out is an [UncertainError].
//
// Updates read first what they change, and refuse when it was changed since it
// was shown to the person who decides.
//
// # Failures
//
// Every failure is a type of its own, with a method Next that says what to do:
// [Error] (the service refused), [TransportError] (no answer), [BodyError] (the
// answer is not what it should be), [DecodeError] (one field cannot be read),
// [EncodeError] (a value that a surface has no place for),
// [PagingError] (a list that would lose or repeat items), [WaitError] (a wait
// longer than there is time), [OptionError] (a request that the surface cannot
// answer), [ConflictError], [MergedError], [PartialUpdateError] and
// [UncertainError] (of writes), [AlertsError] (an incident without its alerts)
// and [NoRoleError].
package defender
