"use strict";
// The invitation's token is in the fragment, which no browser sends, and waits in this tab's session storage while its
// person signs in elsewhere. The access token is in a variable and nowhere else.
(() => {
const at = id => document.getElementById(id);
const settings = document.querySelector("main").dataset;
const waiting = "satchel.sign-in";
const api = "/api/v1/invitations/";
const tokenForm = /^[A-Za-z0-9_-]{1,100}$/;

const roles = { owner: "owner", admin: "administrator", teacher: "teacher", student: "student", parent: "parent", auditor: "auditor" };
const withArticle = role => (/^[aeiou]/.test(roles[role] || role) ? "an " : "a ") + (roles[role] || role);
const todo = {
  owner: "You can now invite others and set the organization up.",
  admin: "You can now invite others.",
  teacher: "You can now send and read files.",
  student: "You can now send and read your files.",
  parent: "You can read your child's files once the organization has linked you to your child.",
};

// Each way that it may end: title, words, and what the button does, if there is one.
const ends = {
  invitation_not_found: ["There is no such invitation", "The link is not whole, or a newer mail has replaced it. Open the link of the newest mail, or ask the person who invited you for a new one."],
  invitation_used: ["This invitation was used already", "An invitation works once. If it was you, all is done: sign in as you did then. If it was not you, tell the person who invited you."],
  invitation_declined: ["This invitation was declined", "If you would like to come after all, ask the person who invited you for a new one."],
  invitation_revoked: ["This invitation was withdrawn", "Ask the person who invited you whether you should have a new one."],
  invitation_expired: ["The time of this invitation is over", "Ask the person who invited you for a new one."],
  already_member: ["You are a member already", "The account you signed in with belongs to the organization, with this role or a higher one. If the invitation is meant for another account of yours, sign in with that one.", "Sign in with another account", "another"],
  over_seats: ["There is no free seat", "All seats of the organization are taken. Ask the person who invited you to make room; this invitation waits until then.", "Look again", "look"],
  organization_suspended: ["The organization is suspended", "It takes no new members at the moment. This invitation waits until its time is over.", "Look again", "look"],
  organization_not_ready: ["The organization is not ready", "It is still being set up, or is being deleted, and takes no new members now.", "Look again", "look"],
  invalid_token: ["Your sign-in was not accepted", "This service does not take the sign-in that your school gave you. Ask the operator of this service.", "Look again", "look"],
  rate_limited: ["Too many attempts", "Wait a minute, then try again.", "Look again", "look"],
  cannot_sign_in: ["The sign-in did not work", "Your school's sign-in did not finish. Nothing has happened to the invitation.", "Look again", "look"],
  not_begun_here: ["This sign-in was not begun here", "It was begun in another tab or too long ago, so it was not used. Open the link of the mail again."],
  unavailable: ["Please try again", "Satchel cannot be reached right now. Nothing has happened to the invitation.", "Look again", "look"],
};

// All that the page remembers while it is open.
const state = { token: "", invitation: null };

const say = text => { at("status").textContent = text; };
const show = (title, section) => {
  for (const id of ["invitation", "outcome"]) at(id).hidden = id !== section;
  at("title").textContent = title;
  document.title = title;
  if (section === "outcome") at("title").focus();
};

function end(code, reference) {
  say("");
  const [title, text, label, next] = ends[code] || ends.unavailable;
  at("text").textContent = text;
  at("next").textContent = "";
  at("reference").textContent = reference && (code === "unavailable" || code === "invalid_token") ? "Reference for support: " + reference : "";
  const button = at("again");
  button.hidden = !label || !state.token;
  button.textContent = label || "";
  button.onclick = () => (next === "another" ? signIn("accept", true) : look());
  show(title, "outcome");
}

function done(title, text, next) {
  say("");
  at("text").textContent = text;
  at("next").textContent = next;
  at("again").hidden = true;
  at("reference").textContent = "";
  show(title, "outcome");
}

// call gives the answer's JSON, or throws the code by which the page knows it.
class Refused extends Error {
  constructor(code, reference) { super(code); this.code = code; this.reference = reference; }
}
async function call(path, bearer) {
  const headers = { "Content-Type": "application/json" };
  if (bearer) headers.Authorization = "Bearer " + bearer;
  let answer;
  try {
    answer = await fetch(path, { method: "POST", headers, body: JSON.stringify({ token: state.token }), credentials: "omit", cache: "no-store" });
  } catch { throw new Refused("unavailable"); }
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(ends[body.code] ? body.code : "unavailable", answer.headers.get("X-Request-ID"));
  return body;
}

async function look(notice) {
  if (!tokenForm.test(state.token)) { end("invitation_not_found"); return; }
  say("Looking at your invitation …");
  try { state.invitation = await call(api + "look"); } catch (e) { end(e.code, e.reference); return; }
  const { organization, role, expires_at: until } = state.invitation;
  at("organization").textContent = organization;
  at("role").textContent = roles[role] || role;
  at("until").dateTime = until;
  at("until").textContent = new Date(until).toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" });
  at("command").textContent = "satchel login --api " + location.origin + "\nsatchel invite accept " + state.token;
  const ready = settings.authorize && window.crypto.subtle;
  at("offer").hidden = !ready;
  at("without").hidden = Boolean(ready);
  at("commands").open = !ready;
  at("why").textContent = settings.down
    ? "Signing in does not work at the moment, because the sign-in of your school does not answer. Reload this page in a few minutes, or use the command line."
    : "To accept, use the command line below, or the application of your school.";
  for (const id of ["accept", "decline"]) at(id).disabled = false;
  say(notice || "");
  show("You are invited to " + organization, "invitation");
}

const base64url = bytes => btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

// signIn leaves for the issuer: authorization code with PKCE (RFC 6749, 7636), as OpenID Connect has it.
async function signIn(answer, another) {
  for (const id of ["accept", "decline", "again"]) at(id).disabled = true;
  const kept = { state: random(), nonce: random(), verifier: random(), token: state.token, answer };
  const challenge = base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(kept.verifier))));
  sessionStorage.setItem(waiting, JSON.stringify(kept));
  const there = new URL(settings.authorize);
  const asked = {
    client_id: settings.client, redirect_uri: settings.redirect, response_type: "code", scope: settings.scopes,
    state: kept.state, nonce: kept.nonce, code_challenge: challenge, code_challenge_method: "S256",
  };
  if (another) asked.prompt = "login"; // otherwise the issuer may take the same account again
  for (const [name, value] of Object.entries(asked)) there.searchParams.set(name, value);
  location.assign(there);
}

// cameBack gives what this tab kept, once, if the answer is to what it asked.
function cameBack(answer) {
  const text = sessionStorage.getItem(waiting);
  sessionStorage.removeItem(waiting);
  let kept = null;
  try { kept = JSON.parse(text); } catch { /* not ours */ }
  // The code has been read: it goes out of the address, and the token comes back, so that a reload reads it again.
  history.replaceState(null, "", location.pathname + (kept ? "#token=" + kept.token : ""));
  const issuer = answer.get("iss");
  if (!kept || kept.state !== answer.get("state") || (issuer && issuer !== settings.issuer)) return null;
  return kept;
}

// redeem gives an access token for the code.
async function redeem(code, kept) {
  const form = new URLSearchParams({
    grant_type: "authorization_code", client_id: settings.client, redirect_uri: settings.redirect, code, code_verifier: kept.verifier,
  });
  const answer = await fetch(settings.tokens, { method: "POST", body: form, credentials: "omit", cache: "no-store" });
  const tokens = await answer.json();
  if (!answer.ok || !tokens.access_token) throw new Error("no token");
  // It came from the issuer itself, over the connection just made (OpenID Connect Core, 3.1.3.7): what is asked is whether it is about this sign-in.
  const payload = tokens.id_token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
  const id = JSON.parse(atob(payload));
  if (id.nonce !== kept.nonce || id.iss !== settings.issuer || ![].concat(id.aud).includes(settings.client)) throw new Error("another sign-in's token");
  return tokens.access_token;
}

async function answered(answer) {
  const kept = cameBack(answer);
  if (!kept) { end("not_begun_here"); return; }
  state.token = kept.token;
  if (answer.get("error") === "access_denied") { await look("You did not sign in, so nothing has happened."); return; }
  if (!answer.get("code")) { end("cannot_sign_in"); return; }
  say("Signing you in …");
  let access;
  try { access = await redeem(answer.get("code"), kept); } catch { end("cannot_sign_in"); return; }
  try {
    if (kept.answer === "decline") {
      await call(api + "decline", access);
      done("You declined", "The invitation has ended, and your address was deleted with it.", "You can close this page.");
      return;
    }
    const { membership } = await call(api + "accept", access);
    done("Welcome to " + membership.name, "You are now " + withArticle(membership.role) + " of " + membership.name + ".",
      (todo[membership.role] || "") + " Use the application of your school and sign in with the same account. You can close this page.");
  } catch (e) { end(e instanceof Refused ? e.code : "unavailable", e.reference); }
}

function begin() {
  const answer = new URLSearchParams(location.search);
  if (answer.has("state")) { answered(answer); return; }
  state.token = new URLSearchParams(location.hash.slice(1)).get("token") || "";
  // The issuer sends people to one address only: begin there, under the name it knows.
  const home = settings.redirect && new URL(settings.redirect);
  if (settings.authorize && home && home.origin !== location.origin) { location.replace(settings.redirect + location.hash); return; }
  look();
}

at("accept").onclick = () => signIn("accept");
at("decline").onclick = () => signIn("decline");
window.addEventListener("hashchange", begin);
window.addEventListener("pageshow", e => { if (e.persisted) begin(); });
begin();
})();
