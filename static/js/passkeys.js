// Passkeys: asks the browser to make one or to prove one, and sends what it answers with the form. WebAuthn speaks in bytes,
// JSON in base64url. A form stays hidden where the browser has no passkeys or the page is not a secure place.
'use strict';
(function () {
  const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (sign) => sign.charCodeAt(0));
  const toText = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  const list = (found) => (found || []).map((one) => ({ ...one, id: toBytes(one.id) }));

  function creation(options) {
    const asked = options.publicKey;
    return { publicKey: { ...asked, challenge: toBytes(asked.challenge), user: { ...asked.user, id: toBytes(asked.user.id) }, excludeCredentials: list(asked.excludeCredentials) } };
  }

  function request(options) {
    const asked = options.publicKey;
    return { publicKey: { ...asked, challenge: toBytes(asked.challenge), allowCredentials: list(asked.allowCredentials) } };
  }

  function plain(answer) {
    const sent = { type: answer.type, id: answer.id, rawId: toText(answer.rawId), response: {}, clientExtensionResults: answer.getClientExtensionResults() };
    for (const name of ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']) {
      if (answer.response[name]) sent.response[name] = toText(answer.response[name]);
    }
    if (answer.response.getTransports) sent.response.transports = answer.response.getTransports();
    return sent;
  }

  async function optionsOf(form) {
    if (form.dataset.optionsFrom) {
      const answer = await fetch(form.dataset.optionsFrom, { headers: { Accept: 'application/json' }, credentials: 'same-origin' });
      return answer.json();
    }
    return JSON.parse(form.dataset.options);
  }

  // What is typed in the form beside it, and which button was pressed, goes with the passkey: data-along="words" names the field's id.
  function takeAlong(form, button) {
    if (form.dataset.along) form.elements.words.value = document.getElementById(form.dataset.along).value;
    if (button && button.dataset.does) form.elements.do.value = button.dataset.does;
  }

  async function ask(form) {
    const said = form.querySelector('.error');
    said.hidden = true;
    try {
      const options = await optionsOf(form);
      const answer = form.dataset.passkey === 'create'
        ? await navigator.credentials.create(creation(options))
        : await navigator.credentials.get(request(options));
      form.elements.credential.value = JSON.stringify(plain(answer));
      form.submit();
    } catch (fault) {
      said.textContent = fault.name === 'InvalidStateError'
        ? gettext('This device already has a passkey of yours.')
        : gettext('Nothing was sent: the passkey window was closed, or this device has no passkey for the clinic. Press the button to try again.');
      said.hidden = false;
    }
  }

  // A passkey belongs to a host name: at a bare address browsers make none.
  const bareAddress = /^[\d.]+$|:/.test(location.hostname);
  if (!window.isSecureContext || !window.PublicKeyCredential || bareAddress) return;
  for (const form of document.querySelectorAll('form[data-passkey]')) {
    form.hidden = false;
    form.addEventListener('submit', (event) => { event.preventDefault(); takeAlong(form, event.submitter); ask(form); });
  }
})();
