// SPDX-License-Identifier: GPL-2.0-or-later
import { useState } from "preact/hooks";
import * as api from "./api";
import { SecondFactor } from "./second_factor";

export function SignIn({ done }: { done: (user: string) => void }) {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const [challenge, setChallenge] = useState<api.Challenge | null>(null);

  async function submit(event: Event) {
    event.preventDefault();
    setBusy(true);
    setProblem("");
    try {
      const answer = await api.signIn(user, password);
      if ("challenge" in answer) setChallenge(answer);
      else done(answer.user);
    } catch (error) {
      setProblem((error as Error).message);
    } finally {
      setPassword("");
      setBusy(false);
    }
  }

  if (challenge)
    return <SecondFactor challenge={challenge} done={(entered, why) => {
      setChallenge(null);
      setProblem(why ?? "");
      if (entered) done(entered);
    }} />;
  return (
    <form class="card sign-in" onSubmit={submit}>
      <h1><img src="icon.svg" alt="" /> QVMI console</h1>
      <label>User name
        <input name="user" autocomplete="username" autofocus required value={user}
          onInput={(e) => setUser(e.currentTarget.value)} />
      </label>
      <label>Password
        <input name="password" type="password" autocomplete="current-password" required value={password}
          onInput={(e) => setPassword(e.currentTarget.value)} />
      </label>
      {problem && <p class="problem" role="alert">{problem}</p>}
      <button class="primary" disabled={busy}>{busy ? "Signing in…" : "Sign in"}</button>
    </form>
  );
}
