// SPDX-License-Identifier: GPL-2.0-or-later
import { useEffect, useState } from "preact/hooks";
import * as api from "./api";

const THUMBNAIL_WIDTH = 180;
const THUMBNAIL_PERIOD_MS = 3000;

// The next picture is loaded aside and shown when it is complete: no flicker, and one request at a time.
function Thumbnail({ phone }: { phone: api.Phone }) {
  const [source, setSource] = useState<string>();
  const running = phone.state === "running";
  useEffect(() => {
    if (!running) return setSource(undefined);
    let ended = false;
    let timer = 0;
    function load() {
      if (document.hidden) return later();
      const image = new Image();
      image.onload = () => {
        if (!ended) setSource(image.src);
        later();
      };
      image.onerror = later;
      image.src = api.thumbnailPath(phone.uuid, THUMBNAIL_WIDTH, Date.now());
    }
    function later() {
      if (!ended) timer = window.setTimeout(load, THUMBNAIL_PERIOD_MS);
    }
    load();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [phone.uuid, running]);
  return source
    ? <img class="screen" src={source} alt={`screen of ${phone.name ?? phone.uuid}`} />
    : <div class="screen dark"><span>{phone.state}</span></div>;
}

export function PhoneCard({ phone, act }: {
  phone: api.Phone;
  act: (what: () => Promise<unknown>) => void;
}) {
  const [asking, setAsking] = useState(false);
  const user = api.userOf(phone);
  const running = phone.state === "running";
  return (
    <article class="card phone">
      <Thumbnail phone={phone} />
      <h3><span class={`dot ${phone.state}`} title={phone.state} /> {user ?? phone.name ?? phone.uuid.slice(0, 8)}</h3>
      <p class="quiet">
        <code title={phone.uuid}>{phone.uuid.slice(0, 8)}</code> · {phone.pool ?? phone.template} · {phone.host}
      </p>
      {phone.reason && <p class="problem">{phone.reason}</p>}
      {asking ? (
        <div class="ask" role="alertdialog" aria-label="Destroy this phone?">
          <p>Destroy it{user ? ` with what ${user} has on it` : ""}?</p>
          <button class="danger" onClick={() => { setAsking(false); act(() => api.destroyPhone(phone.uuid)); }}>Destroy</button>
          <button onClick={() => setAsking(false)}>Keep</button>
        </div>
      ) : (
        <div class="actions">
          {running
            ? <button onClick={() => act(() => api.stopPhone(phone.uuid))}>Stop</button>
            : <button onClick={() => act(() => api.startPhone(phone.uuid))}>Start</button>}
          <button onClick={() => setAsking(true)}>Destroy…</button>
        </div>
      )}
    </article>
  );
}
