import com.microsoft.aad.msal4j.ClientCredentialFactory;
import com.microsoft.aad.msal4j.ClientCredentialParameters;
import com.microsoft.aad.msal4j.ConfidentialClientApplication;
import com.microsoft.aad.msal4j.IClientCredential;
import com.microsoft.aad.msal4j.MsalException;
import java.io.ByteArrayInputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Set;
import java.util.concurrent.ExecutionException;

/**
 * Asks for a token with Microsoft's MSAL for Java and calls an API with it.
 * Nothing in it knows of the sandbox.
 */
public final class Client {
    public static void main(String[] args) throws Exception {
        boolean haveToken = false;
        String errorType = "";
        String error = "";
        int apiStatus = 0;
        try {
            String token = token();
            haveToken = true;
            if (env("SPOIL_TOKEN") != null) {
                token = spoil(token);
            }
            HttpURLConnection connection = (HttpURLConnection) new URL(env("API_URL")).openConnection();
            connection.setRequestProperty("Authorization", "Bearer " + token);
            apiStatus = connection.getResponseCode();
            if (apiStatus >= 400) {
                errorType = "java.net.HttpURLConnection";
            }
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof MsalException) {
                errorType = cause.getClass().getName();
                error = ((MsalException) cause).errorCode() + " " + cause.getMessage();
            } else {
                error = cause.toString();
            }
        }
        System.out.printf(
                "{\"token\":%b,\"errorType\":%s,\"error\":%s,\"apiStatus\":%d}%n",
                haveToken, quote(errorType), quote(error), apiStatus);
        System.exit(0); // MSAL's pool would keep the machine running for a minute
    }

    private static String token() throws Exception {
        ConfidentialClientApplication app =
                ConfidentialClientApplication.builder(env("CLIENT_ID"), credential())
                        .authority("https://login.microsoftonline.com/" + env("TENANT") + "/")
                        .build();
        return app.acquireToken(ClientCredentialParameters.builder(Set.of(env("SCOPE"))).build())
                .get()
                .accessToken();
    }

    private static IClientCredential credential() throws Exception {
        if (env("CERT_FILE") != null) {
            // The file holds the key too; Java's factory wants the certificate alone.
            String pem = Files.readString(Path.of(env("CERT_FILE")));
            byte[] block = pem.substring(pem.indexOf("-----BEGIN CERTIFICATE-----")).getBytes();
            X509Certificate certificate =
                    (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(block));
            String key = Files.readString(Path.of(env("KEY_FILE"))).replaceAll("-----[A-Z ]+-----|\\s", "");
            PrivateKey privateKey =
                    KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(key)));
            return ClientCredentialFactory.createFromCertificate(privateKey, certificate);
        }
        if (env("ASSERTION_FILE") != null) {
            return ClientCredentialFactory.createFromClientAssertion(Files.readString(Path.of(env("ASSERTION_FILE"))));
        }
        return ClientCredentialFactory.createFromSecret(env("CLIENT_SECRET"));
    }

    private static String spoil(String token) {
        int i = token.length() - 20;
        return token.substring(0, i) + (token.charAt(i) == 'A' ? "B" : "A") + token.substring(i + 1);
    }

    private static String env(String name) {
        return System.getenv(name);
    }

    private static String quote(String s) {
        StringBuilder b = new StringBuilder("\"");
        for (char c : (s == null ? "" : s).toCharArray()) {
            if (c == '"' || c == '\\') {
                b.append('\\').append(c);
            } else if (c < ' ') {
                b.append(String.format("\\u%04x", (int) c));
            } else {
                b.append(c);
            }
        }
        return b.append('"').toString();
    }
}
