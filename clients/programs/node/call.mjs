// What the Node programs share: call the API with the token, print the result.
export function spoil(token) {
  const i = token.length - 20;
  return token.slice(0, i) + (token[i] === "A" ? "B" : "A") + token.slice(i + 1);
}

export async function report(getToken, describe) {
  const result = { token: false };
  try {
    let token = await getToken();
    result.token = true;
    if (process.env.SPOIL_TOKEN) token = spoil(token);
    const response = await fetch(process.env.API_URL, { headers: { Authorization: "Bearer " + token } });
    result.apiStatus = response.status;
    if (!response.ok) result.errorType = "Response";
    await response.arrayBuffer();
  } catch (error) {
    Object.assign(result, describe(error));
  }
  console.log(JSON.stringify(result));
}
