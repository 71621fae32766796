// SPDX-License-Identifier: GPL-2.0-or-later
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as api from "./api";
import { Overview } from "./overview";
import { SignIn } from "./sign_in";

function App() {
  // undefined: not asked yet; null: nobody.
  const [user, setUser] = useState<string | null | undefined>(undefined);
  useEffect(() => {
    api.whoAmI().then((who) => setUser(who.user), () => setUser(null));
  }, []);
  if (user === undefined) return <p class="quiet centre">Loading…</p>;
  if (user === null) return <SignIn done={setUser} />;
  return <Overview user={user} signedOut={() => setUser(null)} />;
}

render(<App />, document.getElementById("app")!);
