// Sends the files of a drop box piece by piece (tus 1.0.0), so that a broken connection
// costs a piece and not the file. Without this script the form sends them whole.
"use strict";
(() => {
  const form = document.getElementById("drop");
  if (!form || !window.fetch || !form.dataset.upload) return;
  const text = form.dataset, list = document.getElementById("progress"), status = document.getElementById("status");
  const piece = 8 * 1024 * 1024, longest = 30_000, hopeless = 20;
  const base64 = (s) => btoa(String.fromCharCode(...new TextEncoder().encode(s)));
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const headers = (more) => ({ "Tus-Resumable": "1.0.0", "Share-Ticket": form.dataset.ticket, ...more });

  class Refusal extends Error {}

  // ask repeats what a broken connection or a busy server failed, and says so once.
  async function ask(address, options, again) {
    for (let n = 1; ; n++) {
      try {
        const answer = await fetch(address, options);
        if (answer.ok) return answer;
        if (![423, 429, 500, 502, 503, 504].includes(answer.status) || n >= hopeless) {
          const problem = await answer.json().catch(() => ({}));
          throw new Refusal(problem.detail || String(answer.status));
        }
        const wait = Number(answer.headers.get("Retry-After"));
        await pause(wait > 0 ? wait * 1000 : Math.min(longest, 500 * 2 ** n));
      } catch (error) {
        if (error instanceof Refusal || n >= hopeless) throw error;
        status.textContent = text.gone;
        await pause(Math.min(longest, 500 * 2 ** n));
      }
      if (again) return null; // the caller asks first how far the server came
    }
  }

  async function begin(file, giver) {
    const said = ["filename " + base64(file.name), "filetype " + base64(file.type || "application/octet-stream")];
    const answer = await ask(text.upload, {
      method: "POST", headers: headers({ "Upload-Length": String(file.size), "Upload-Metadata": said.join(","), "Share-Giver": encodeURIComponent(giver) }),
    });
    form.dataset.ticket = answer.headers.get("Share-Ticket") || form.dataset.ticket;
    return answer.headers.get("Location");
  }

  async function offset(address) {
    const answer = await ask(address, { method: "HEAD", headers: headers() });
    return Number(answer.headers.get("Upload-Offset"));
  }

  async function send(file, giver, bar) {
    const address = await begin(file, giver);
    let at = 0, still = 0;
    while (at < file.size) {
      const answer = await ask(address, {
        method: "PATCH", body: file.slice(at, at + piece),
        headers: headers({ "Upload-Offset": String(at), "Content-Type": "application/offset+octet-stream" }),
      }, true);
      const next = answer ? Number(answer.headers.get("Upload-Offset")) : await offset(address);
      still = next > at ? 0 : still + 1;
      if (still >= hopeless) throw new Error(text.gone);
      bar.value = at = next;
      status.textContent = "";
    }
  }

  function row(file) {
    const item = document.createElement("li"), name = document.createElement("bdi"), bar = document.createElement("progress"), place = document.createElement("span");
    name.textContent = file.name;
    place.className = "name";
    place.append(name);
    bar.max = file.size || 1;
    bar.value = 0;
    bar.setAttribute("aria-label", text.sending + " " + file.name);
    item.append(place, bar);
    list.append(item);
    return { item, bar };
  }

  function address() {
    const a = new URL(location.href);
    a.searchParams.set("ticket", form.dataset.ticket);
    return a.pathname + a.search;
  }

  form.addEventListener("submit", async (event) => {
    const files = [...form.elements.file.files], giver = form.elements.name ? form.elements.name.value : "";
    if (!files.length) return;
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    list.replaceChildren();
    let refused = false;
    for (const file of files) {
      const { item, bar } = row(file);
      try {
        await send(file, giver, bar);
      } catch (error) {
        refused = true;
        const why = document.createElement("span"), words = document.createElement("bdi");
        why.className = "problem";
        words.textContent = error.message;
        why.append(text.failed + " ", words);
        bar.replaceWith(why);
      }
    }
    button.disabled = false;
    history.replaceState(null, "", address());
    if (refused) { status.textContent = ""; list.setAttribute("tabindex", "-1"); list.focus(); return; }
    status.textContent = text.done;
    location.assign(address());
  });
})();
