// Package defender reads security incidents of one Microsoft Entra tenant from
// either of the two Microsoft services that tell of them:
//
//   - surface "graph": Microsoft Graph security, GET /v1.0/security/incidents
//     (https://learn.microsoft.com/graph/api/security-list-incidents);
//   - surface "xdr": the Microsoft Defender XDR API, GET /api/incidents
//     (https://learn.microsoft.com/defender-xdr/api-list-incidents).
//
// Both answers are read into one [Incident] type. Enum values are spelled as
// Microsoft Graph spells them, whatever the surface wrote; values nobody knew
// when this package was written are kept as they came. Fields this package
// does not know are kept in Extra and the whole original JSON in Raw, so that
// nothing Microsoft sends is lost.
//
// One [Client] is for one tenant: its Token function returns bearer tokens of
// that tenant only. Which surface a tenant can be asked through depends on the
// roles it granted; see [ChooseSurface].
//
// Every failure is a type of its own: [Error] (the service refused),
// [BodyError] (the answer is not what it should be), [DecodeError] (one field
// cannot be read), [PagingError] (a list that would lose or repeat incidents),
// [OptionError] (a request that the surface cannot answer) and [NoRoleError].
package defender
