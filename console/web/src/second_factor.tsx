// SPDX-License-Identifier: GPL-2.0-or-later
import { useState } from "preact/hooks";
import * as api from "./api";

const QUIET = 4; // light modules around a QR code (ISO/IEC 18004)

function QrCode({ rows }: { rows: string[] }) {
  const size = rows.length + 2 * QUIET;
  const outline = rows.flatMap((row, y) => [...row.matchAll(/1+/g)].map((run) =>
    `M${run.index + QUIET} ${y + QUIET}h${run[0].length}v1h-${run[0].length}z`)).join("");
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img"
      aria-label="QR code for an authenticator application; its key is below">
      <path d={outline} />
    </svg>
  );
}

// The second half of a sign-in; `done` without a user: begin again.
export function SecondFactor({ challenge, done }: { challenge: api.Challenge; done: (user?: string, problem?: string) => void }) {
  const [code, setCode] = useState("");
  const [problem, setProblem] = useState("");
  const [entered, setEntered] = useState<api.Administrator | null>(null);

  async function submit(event: Event) {
    event.preventDefault();
    try {
      const administrator = await api.showSecondFactor(challenge.challenge, code);
      if (administrator.recovery_codes) setEntered(administrator);
      else done(administrator.user);
    } catch (error) {
      const failure = error as api.Problem;
      if (failure.status === 401 || failure.status === 409) done(undefined, failure.message);
      setProblem(failure.message);
    } finally {
      setCode("");
    }
  }

  if (entered)
    return (
      <div class="card sign-in">
        <p>Recovery codes, each good once, for when the application is lost. Keep them in a safe place; they are not shown again.</p>
        <pre>{entered.recovery_codes?.join("\n")}</pre>
        <button class="primary" onClick={() => done(entered.user)}>I have kept them</button>
      </div>
    );
  return (
    <form class="card sign-in" onSubmit={submit}>
      <h1><img src="icon.svg" alt="" /> One more proof</h1>
      {challenge.enrolment && <>
        <p>This account needs a second factor. Scan this with an authenticator application, or enter the key by hand.</p>
        <QrCode rows={challenge.enrolment.qr} />
        <code>{challenge.enrolment.secret}</code>
      </>}
      <label>Code of the application, or a recovery code
        <input name="code" autocomplete="one-time-code" autofocus required value={code}
          onInput={(e) => setCode(e.currentTarget.value)} />
      </label>
      {problem && <p class="problem" role="alert">{problem}</p>}
      <button class="primary">Go on</button>
      <button type="button" onClick={() => done()}>Sign in as somebody else</button>
    </form>
  );
}
