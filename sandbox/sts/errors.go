package sts

import "slices"

// Shape is the form in which an error reaches the client.
type Shape string

// Shapes of errors. A JSON row that is met on a page's endpoint is shown as
// an error page, as Entra does before it trusts the redirect URI.
const (
	ShapeJSON        Shape = "json"               // trailer joined by CR LF, error_uri
	ShapeJSONNew     Shape = "json, spaces"       // newer texts: trailer joined by spaces, error_uri
	ShapeJSONNoURI   Shape = "json, spaces, bare" // as ShapeJSONNew without error_uri
	ShapePage        Shape = "page"               // HTML, never a redirect
	ShapeRedirect    Shape = "redirect"           // to the client's redirect URI
	ShapeRedirectOld Shape = "redirect, subcode"  // error_subcode and no description
)

// Evidence says how sure a row is.
type Evidence string

// Evidence tags.
const (
	Tested     Evidence = "T" // with a real client
	Code       Evidence = "C" // read in the code of a client
	Documented Evidence = "D" // Microsoft's documentation
	Issue      Evidence = "I" // a real server's answer quoted in a public issue
	Memory     Evidence = "M" // unverified: easy to change, here
)

// ErrorRow is one error of the token service: when it is given, and how.
type ErrorRow struct {
	ID        string // names the row in tests and in the journal
	Code      int    // the AADSTS number
	Condition string // when, in words
	OAuth     string // the "error" member
	Suberror  string
	Status    int    // HTTP status, of JSON and pages
	Message   string // text behind "AADSTS<code>: ", with {names} to fill in
	Shape     Shape
	Evidence  Evidence
}

// ids of the rows, in the order of the table.
const (
	tenantUnknown        = "tenant.unknown"
	tenantEmpty          = "tenant.empty"
	tenantMalformed      = "tenant.malformed"
	tenantWrongCloud     = "tenant.cloud"
	tenantMissing        = "tenant.missing"
	tenantConsumers      = "tenant.consumers"
	tenantCommonRefused  = "tenant.common"
	instanceUnknown      = "instance.unknown"
	requestMissing       = "request.parameter"
	requestMalformed     = "request.malformed"
	requestDuplicate     = "request.duplicate"
	requestMethod        = "request.method"
	requestGrant         = "request.grant"
	scopeOnV2Resource    = "scope.resource"
	scopeNotDefault      = "scope.default"
	scopeTwoResources    = "scope.resources"
	scopeMixed           = "scope.mixed"
	appUnknown           = "app.unknown"
	appNotInTenantOld    = "app.notInTenant"
	appNoPrincipal       = "app.noPrincipal"
	appDisabled          = "app.disabled"
	appSingleTenant      = "app.singleTenant"
	credentialNone       = "credential.none"
	credentialNoneUser   = "credential.noneUser"
	credentialOnPublic   = "credential.public"
	secretInvalid        = "secret.invalid"
	secretExpired        = "secret.expired"
	assertionMalformed   = "assertion.malformed"
	assertionAlgorithm   = "assertion.algorithm"
	assertionNoKey       = "assertion.noThumbprint"
	assertionKeyUnknown  = "assertion.keyUnknown"
	assertionKeyExpired  = "assertion.keyExpired"
	assertionSignature   = "assertion.signature"
	assertionTime        = "assertion.time"
	assertionAudience    = "assertion.audience"
	assertionIssuer      = "assertion.issuer"
	federatedNone        = "federated.none"
	federatedIssuer      = "federated.issuer"
	federatedAudience    = "federated.audience"
	federatedSubject     = "federated.subject"
	federatedCase        = "federated.case"
	federatedUser        = "federated.user"
	federatedSignature   = "federated.signature"
	federatedUnreachable = "federated.unreachable"
	resourceUnknown      = "resource.unknown"
	resourceDisabled     = "resource.disabled"
	resourceAssignment   = "resource.assignment"
	resourceUnlisted     = "resource.unlisted"
	resourceScope        = "resource.scope"
	resourceNoLicence    = "resource.noLicence"
	resourceGone         = "resource.gone"
	grantRedeemed        = "grant.redeemed"
	grantExpired         = "grant.expired"
	grantForeign         = "grant.foreign"
	grantTenant          = "grant.tenant"
	grantRedirect        = "grant.redirect"
	grantVerifier        = "grant.verifier"
	grantIdle            = "grant.idle"
	grantConsent         = "grant.consent"
	challengeInvalid     = "authorize.challenge"
	redirectMismatch     = "authorize.redirect"
	redirectNone         = "authorize.noRedirect"
	responseType         = "authorize.responseType"
	responseTypeDisabled = "authorize.implicit"
	responseMode         = "authorize.responseMode"
	promptInvalid        = "authorize.prompt"
	promptInvalidV2      = "authorize.promptV2"
	silentNoUser         = "authorize.silent"
	silentConsent        = "authorize.silentConsent"
	declined             = "consent.declined"
	declinedV1           = "consent.declinedV1"
	approvalNeeded       = "consent.approval"
	userElsewhere        = "user.elsewhere"
	userElsewhereConsent = "user.elsewhereConsent"
	userUnknown          = "user.unknown"
	userPassword         = "user.password"
	userDisabled         = "user.disabled"
	flowMismatch         = "flow.mismatch"
	devicePending        = "device.pending"
	deviceExpired        = "device.expired"
	deviceUnknown        = "device.unknown"
	deviceDeclined       = "device.declined"
	userCodeWrong        = "device.userCode"
	userCodeExpired      = "device.userCodeExpired"
)

const assertionDocs = "Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials ."

const federatedAdvice = "Check your federated identity credential Subject, Audience and Issuer against the presented assertion. https://learn.microsoft.com/entra/workload-id/workload-identity-federation"

// Errors returns every error the token service gives, in a fixed order. Codes
// may repeat: a row is a condition and a form. Sources: Microsoft's
// "Microsoft Entra authentication and authorization error codes" page, and
// server answers quoted in public issue trackers.
func Errors() []ErrorRow {
	return slices.Concat(requestRows(), clientRows(), resourceRows(), userRows())
}

func requestRows() []ErrorRow {
	return []ErrorRow{
		{tenantUnknown, 90002, "no tenant has this id or domain", "invalid_tenant", "", 400, "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.", ShapeJSON, Issue},
		{tenantEmpty, 90002, "the tenant is the empty GUID", "invalid_tenant", "", 400, "Requested tenant identifier '{tenant}' is not valid. Tenant identifiers may not be an empty GUID.", ShapeJSON, Issue},
		{tenantMalformed, 900023, "the tenant is neither a GUID nor a DNS name", "invalid_tenant", "", 400, "Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain.", ShapeJSON, Issue},
		{tenantWrongCloud, 90038, "the tenant lives in another national cloud than the host asked", "invalid_request", "", 400, "The specified tenant '{tenant}' belongs to the National Cloud '{cloud}'. Current cloud instance '{host}' does not federate with {cloud}.", ShapeJSON, Documented},
		{tenantMissing, 50059, "client credentials on /common, /organizations or /consumers", "invalid_request", "", 400, "No tenant-identifying information found in either the request or implied by any provided credentials.", ShapeJSON, Memory},
		{tenantConsumers, 9002331, "an application for organizations on /consumers", "invalid_request", "", 400, "Application '{app}'({name}) is configured for use by Azure Active Directory users only. Please do not use the /consumers endpoint to serve this request.", ShapeJSON, Memory},
		{tenantCommonRefused, 9001023, "admin consent v2 on /common", "invalid_request", "", 400, "The request is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.", ShapePage, Documented},
		{instanceUnknown, 50049, "instance discovery for a host that is none of Microsoft's nor the one asked", "invalid_instance", "", 400, "Unknown or invalid instance.", ShapeJSON, Code},
		{requestMissing, 900144, "a required parameter is missing", "invalid_request", "", 400, "The request body must contain the following parameter: '{parameter}'.", ShapeJSON, Issue},
		{requestMalformed, 9002313, "the body is not a form, or a code or token was never issued here", "invalid_request", "", 400, "Invalid request. Request is malformed or invalid.", ShapeJSON, Memory},
		{requestDuplicate, 9000411, "a parameter is sent more than once", "invalid_request", "", 400, "The request is not properly formatted. The parameter '{parameter}' is duplicated.", ShapeJSON, Issue},
		{requestMethod, 900561, "a form endpoint is asked by another method than POST", "invalid_request", "", 400, "The endpoint only accepts POST requests. Received a {method} request.", ShapeJSON, Documented},
		{requestGrant, 70003, "a grant type that is not served", "unsupported_grant_type", "", 400, "The app requested an unsupported grant type '{grant}'.", ShapeJSON, Documented},
		{scopeOnV2Resource, 901002, "resource is sent to a v2 endpoint", "invalid_request", "", 400, "The 'resource' request parameter isn't supported.", ShapeJSON, Documented},
		{scopeNotDefault, 1002012, "client credentials with a scope that does not end in /.default", "invalid_scope", "", 400, "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", ShapeJSON, Issue},
		{scopeTwoResources, 28000, "scopes of more than one resource", "invalid_scope", "", 400, "Provided value for the input parameter scope is not valid because it contains more than one resource. Scope {scope} is not valid.", ShapeJSON, Issue},
		{scopeMixed, 70011, "/.default beside scopes of the same resource", "invalid_scope", "", 400, "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid. .default scope can't be combined with resource-specific scopes.", ShapeJSON, Documented},
	}
}

func clientRows() []ErrorRow {
	const notFound = "Application with identifier '{app}' was not found in the directory '{directory}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant."
	return []ErrorRow{
		{appUnknown, 700016, "no application has this id, or it is a single-tenant one of another tenant", "unauthorized_client", "", 400, notFound, ShapeJSON, Issue},
		{appNotInTenantOld, 700016, "no service principal in a tenant that still answers as before 7000229", "unauthorized_client", "", 400, notFound, ShapeJSON, Issue},
		{appNoPrincipal, 7000229, "the application has no service principal in the tenant", "invalid_client", "", 401, "The client application {app} is missing service principal in the tenant {tenant}. See instructions here: https://go.microsoft.com/fwlink/?linkid=2225119", ShapeJSONNew, Issue},
		{appDisabled, 7000112, "the service principal is disabled", "unauthorized_client", "", 400, "Application '{app}'({name}) is disabled.", ShapeJSON, Issue},
		{appSingleTenant, 50194, "a single-tenant application on /common or /organizations", "invalid_request", "", 400, "Application '{app}'({name}) is not configured as a multi-tenant application. Usage of the /common endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or configure the application to be multi-tenant.", ShapeJSON, Documented},
		{credentialNone, 7000216, "client credentials without secret and assertion", "invalid_client", "", 401, "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.", ShapeJSON, Issue},
		{credentialNoneUser, 7000218, "another grant of a confidential application without secret and assertion", "invalid_client", "", 401, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.", ShapeJSON, Issue},
		{credentialOnPublic, 700025, "a public client sent a credential", "invalid_client", "", 401, "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.", ShapeJSON, Memory},
		{secretInvalid, 7000215, "the secret matches none that is valid now", "invalid_client", "", 401, "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{app}'.", ShapeJSON, Issue},
		{secretExpired, 7000222, "the secret, or every secret of the application, has expired", "invalid_client", "", 401, "The provided client secret keys for app '{app}' are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.", ShapeJSON, Issue},
		{assertionMalformed, 50027, "the client assertion is not a JSON Web Token", "invalid_client", "", 401, "Invalid JWT token. The token is malformed.", ShapeJSON, Documented},
		{assertionAlgorithm, 5002738, "the client assertion is signed with another algorithm than RS256 and PS256", "invalid_client", "", 401, "Invalid JWT token. '{alg}' is not a supported signature algorithm. Supported signing algorithms are: 'RS256, PS256'", ShapeJSON, Memory},
		{assertionNoKey, 50027, "the client assertion's header names no certificate", "invalid_client", "", 401, "Invalid JWT token. No certificate thumbprint specified in token header.", ShapeJSON, Issue},
		{assertionKeyUnknown, 700027, "no certificate of the application has the thumbprint", "invalid_client", "", 401, "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '{thumbprint}', Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '{app}'. " + assertionDocs + "]", ShapeJSON, Issue},
		{assertionKeyExpired, 700027, "the certificate has expired", "invalid_client", "", 401, "Client assertion contains an invalid signature. [Reason - The key used is expired., Thumbprint of key used by client: '{thumbprint}', Found key 'Start={start}, End={end}', Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '{app}'. " + assertionDocs + "]", ShapeJSON, Issue},
		{assertionSignature, 700027, "the signature is not the registered certificate's", "invalid_client", "", 401, "Client assertion contains an invalid signature. [Reason - The provided signature value did not match the expected signature value., Thumbprint of key used by client: '{thumbprint}', Found key 'Start={start}, End={end}', Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for app Id '{app}'. " + assertionDocs + "]", ShapeJSON, Issue},
		{assertionTime, 700024, "the assertion's nbf or exp is more than five minutes off", "invalid_client", "", 401, "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {from}, expiry time of assertion {to}. " + assertionDocs, ShapeJSON, Issue},
		{assertionAudience, 700023, "the assertion is for no token endpoint of this tenant", "invalid_client", "", 401, "Client assertion audience claim does not match Realm issuer. " + assertionDocs, ShapeJSON, Issue},
		{assertionIssuer, 700021, "iss or sub of the assertion is not the client id", "invalid_client", "", 401, "Client assertion application identifier doesn't match 'client_id' parameter. " + assertionDocs, ShapeJSON, Memory},
		{federatedNone, 70021, "a foreign assertion for an application without federated credentials", "invalid_client", "", 401, "No matching federated identity record found for presented assertion. Assertion Issuer: '{issuer}'. Assertion Subject: '{subject}'. Assertion Audience: '{audience}'. " + federatedAdvice, ShapeJSON, Issue},
		{federatedIssuer, 700211, "no federated credential has the assertion's issuer", "invalid_client", "", 401, "No matching federated identity record found for presented assertion issuer '{issuer}'. " + federatedAdvice, ShapeJSONNoURI, Issue},
		{federatedAudience, 700212, "the issuer matches, the audience does not", "invalid_client", "", 401, "No matching federated identity record found for presented assertion audience '{audience}'. " + federatedAdvice, ShapeJSONNew, Issue},
		{federatedSubject, 700213, "the issuer matches, the subject does not", "invalid_client", "", 401, "No matching federated identity record found for presented assertion subject '{subject}'. " + federatedAdvice, ShapeJSONNew, Issue},
		{federatedCase, 7002138, "the subject matches but for upper and lower case", "invalid_client", "", 401, "No matching federated identity record found for presented assertion subject '{subject}'. The subject matches with case-insensitive comparison, but not with case-sensitive comparison. Check your federated identity credential Subject, Audience and Issuer against the presented assertion. See documentation at: https://learn.microsoft.com/entra/workload-id/workload-identity-federation. See breaking change notification and remediation at: https://learn.microsoft.com/en-us/entra/identity-platform/reference-breaking-changes#august-2024.", ShapeJSONNew, Issue},
		{federatedUser, 700229, "the assertion is a user's token of Entra's own", "invalid_client", "", 401, "Forbidden token type. Only app-only tokens may be used as Federated Identity Credentials for AAD issuer.", ShapeJSON, Issue},
		{federatedSignature, 50013, "the foreign assertion is not signed by a key of its issuer", "invalid_client", "", 401, "Assertion failed signature validation. [Reason - The key was not found or the signature does not match., Issuer: '{issuer}']", ShapeJSON, Documented},
		{federatedUnreachable, 50166, "the issuer's keys cannot be fetched", "invalid_client", "", 401, "Request to External OIDC endpoint failed.", ShapeJSON, Memory},
	}
}

func resourceRows() []ErrorRow {
	return []ErrorRow{
		{resourceUnknown, 500011, "the resource has no service principal in the tenant", "invalid_resource", "", 400, "The resource principal named {resource} was not found in the tenant named {directory}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.", ShapeJSON, Issue},
		{resourceDisabled, 500014, "the resource's service principal is disabled", "invalid_resource", "", 400, "The service principal for resource '{resource}' is disabled. This indicate that a subscription within the tenant has lapsed, or that the administrator for this tenant has disabled the application, preventing tokens from being issued for it.", ShapeJSON, Issue},
		{resourceAssignment, 501051, "the resource requires an assignment and the client has none", "invalid_grant", "", 400, "Application '{app}'({name}) is not assigned to a role for the application '{resourceApp}'({resourceName}).", ShapeJSON, Memory},
		{resourceUnlisted, 650057, "v1 sign-in for a resource that the registration does not ask for", "invalid_client", "", 400, "Invalid resource. The client has requested access to a resource which is not listed in the requested permissions in the client's application registration. Client app ID: {app}({name}). Resource value from request: {resource}. Resource app ID: {resourceApp}. List of valid resources from app registration: {listed}.", ShapeRedirect, Issue},
		{resourceScope, 650053, "a scope that the resource does not offer", "invalid_client", "", 400, "The application '{name}' asked for scope '{scope}' that doesn't exist on the resource '{resourceApp}'. Contact the app vendor.", ShapeRedirect, Documented},
		{resourceGone, 650054, "consent when the registration asks for an API that does not exist", "invalid_client", "", 400, "The application '{name}' asked for permissions to access a resource that has been removed or is no longer available. Contact the app vendor.", ShapeRedirect, Issue},
		{resourceNoLicence, 650052, "consent to a resource that the tenant has no service principal of", "invalid_client", "", 400, "The app is trying to access a service '{resourceApp}'({resourceName}) that your organization '{tenant}' lacks a service principal for. Contact your IT Admin to review the configuration of your service subscriptions or consent to the application in order to create the required service principal.", ShapeRedirect, Issue},
	}
}

func userRows() []ErrorRow {
	const elsewhere = "User account '{user}' from identity provider 'https://sts.windows.net/{home}/' does not exist in tenant '{directory}' and cannot access the application '{app}'({name}) in that tenant. The account needs to be added as an external user in the tenant first. Sign out and sign in again with a different Azure Active Directory user account."
	const notConsented = "The user or administrator has not consented to use the application with ID '{app}' named '{name}'. Send an interactive authorization request for this user and resource."
	return []ErrorRow{
		{grantRedeemed, 54005, "an authorization or device code is redeemed a second time", "invalid_grant", "", 400, "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.", ShapeJSON, Documented},
		{grantExpired, 70008, "the authorization code has expired", "invalid_grant", "", 400, "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.", ShapeJSON, Documented},
		{grantForeign, 70000, "the code or refresh token was issued to another client", "invalid_grant", "bad_token", 400, "The provided value for the input parameter '{parameter}' is not valid. It was issued to another client.", ShapeJSON, Documented},
		{grantTenant, 700005, "the code or refresh token was issued for another tenant", "invalid_grant", "", 400, "Provided Authorization Code is intended to use against other tenant, thus rejected. OAuth2 Authorization Code must be redeemed against same tenant it was acquired for (/common or /{tenant} as appropriate).", ShapeJSON, Documented},
		{grantRedirect, 500112, "redirect_uri differs from the one the code was issued for", "invalid_client", "", 400, "The reply address '{redirect}' does not match the reply address '{expected}' provided when requesting Authorization code.", ShapeJSON, Memory},
		{grantVerifier, 501481, "code_verifier does not match code_challenge", "invalid_grant", "", 400, "The Code_Verifier does not match the code_challenge supplied in the authorization request.", ShapeJSON, Documented},
		{grantIdle, 700082, "the refresh token was unused for 90 days", "invalid_grant", "bad_token", 400, "The refresh token has expired due to inactivity. The token was issued on {issued} and was inactive for 90.00:00:00.", ShapeJSON, Issue},
		{grantConsent, 65001, "no delegated consent for the user and the resource", "invalid_grant", "consent_required", 400, notConsented, ShapeJSON, Documented},
		{challengeInvalid, 501491, "code_challenge or its method is not valid", "invalid_request", "", 400, "Invalid size of Code_Challenge parameter.", ShapeRedirect, Documented},
		{redirectMismatch, 50011, "redirect_uri is not registered", "invalid_request", "", 400, "The redirect URI '{redirect}' specified in the request does not match the redirect URIs configured for the application '{app}'. Make sure the redirect URI sent in the request matches one added to your application in the Azure portal. Navigate to https://aka.ms/redirectUriMismatchError to learn more about how to fix this.", ShapePage, Issue},
		{redirectNone, 500113, "no redirect URI is registered at all", "invalid_request", "", 400, "No reply address is registered for the application.", ShapePage, Documented},
		{responseType, 70005, "response_type is not one of Entra's", "unsupported_response_type", "", 400, "The app returned an unsupported response type '{type}'.", ShapeRedirect, Documented},
		{responseTypeDisabled, 700054, "a token is asked from the authorize endpoint, which the registration does not allow", "unsupported_response_type", "", 400, "response_type '{type}' is not enabled for the application.", ShapeRedirect, Documented},
		{responseMode, 70007, "response_mode is unknown", "unsupported_response_mode", "", 400, "'{mode}' is not a supported value of 'response_mode' when requesting a token.", ShapeRedirect, Documented},
		{promptInvalid, 90023, "v1: prompt is unknown", "invalid_request", "", 400, "The prompt request parameter value '{prompt}' is invalid.", ShapeRedirect, Memory},
		{promptInvalidV2, 901001, "v2: prompt is unknown, or is v1's admin_consent", "invalid_request", "", 400, "The prompt request parameter value '{prompt}' is invalid.", ShapeRedirect, Issue},
		{silentNoUser, 50058, "prompt=none and nobody is signed in", "login_required", "", 400, "A silent sign-in request was sent but no user is signed in. The cookies used to represent the user's session were not sent in the request to Azure AD.", ShapeRedirect, Documented},
		{silentConsent, 65001, "prompt=none and consent is missing", "interaction_required", "", 400, notConsented, ShapeRedirect, Memory},
		{declined, 65004, "the user declined on a v2 or an admin consent page", "access_denied", "", 400, "User declined to consent to access the app.", ShapeRedirect, Issue},
		{declinedV1, 65004, "the user declined on a v1 page", "access_denied", "", 400, "User declined to consent to access the app.", ShapeRedirectOld, Issue},
		{approvalNeeded, 90094, "the permissions need an administrator and the user is none", "access_denied", "", 200, "{name} needs permission to access resources in your organization that only an admin can grant. Please ask an admin to grant permission to this app before you can use it.", ShapePage, Documented},
		{userElsewhere, 50020, "the user belongs to another tenant than the one asked", "access_denied", "", 400, elsewhere, ShapePage, Issue},
		{userElsewhereConsent, 50020, "as before, on an admin consent page", "access_denied", "", 400, elsewhere, ShapeRedirect, Issue},
		{userUnknown, 50034, "no user has this name", "invalid_grant", "", 200, "The user account {user} does not exist in the {directory} directory. To sign into this application, the account must be added to the directory.", ShapePage, Documented},
		{userPassword, 50126, "wrong password", "invalid_grant", "", 200, "Error validating credentials due to invalid username or password.", ShapePage, Documented},
		{userDisabled, 50057, "the user is disabled", "invalid_grant", "", 200, "The user account is disabled.", ShapePage, Documented},
		{flowMismatch, 165000, "a form comes back without its session or its anti-forgery value", "invalid_request", "", 400, "Invalid Request: The request tokens do not match the user context. Do not copy the user context values (cookies; form fields; headers) between different requests or user sessions; always maintain the ALL of the supplied values across a complete single user flow. Failure Reasons:[Token values do not match;]", ShapePage, Memory},
		{devicePending, 70016, "the device code awaits the user", "authorization_pending", "", 400, "OAuth 2.0 device flow error. Authorization is pending. Continue polling.", ShapeJSON, Documented},
		{deviceExpired, 70020, "the device code has expired", "expired_token", "", 400, "The provided value for the input parameter 'device_code' is not valid. This device code has expired.", ShapeJSON, Issue},
		{deviceUnknown, 70018, "the device code was never issued to this client", "bad_verification_code", "", 400, "Invalid verification code due to User typing in wrong user code for device code flow.", ShapeJSON, Documented},
		{deviceDeclined, 65004, "the user declined the device's sign-in", "authorization_declined", "", 400, "User declined to consent to access the app.", ShapeJSON, Memory},
		{userCodeWrong, 70018, "the code typed on the device page is unknown", "bad_verification_code", "", 200, "Invalid verification code due to User typing in wrong user code for device code flow.", ShapePage, Documented},
		{userCodeExpired, 70019, "the code typed on the device page has expired", "expired_token", "", 200, "Verification code expired. Have the user retry the sign-in.", ShapePage, Documented},
	}
}
