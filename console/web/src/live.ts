// SPDX-License-Identifier: GPL-2.0-or-later
// A list that is asked for again and again while the page is seen, and at once after something was done.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "./api";

export interface Live<T> {
  value?: T;
  problem?: string;
  refresh: () => void;
}

export function useLive<T>(ask: () => Promise<T>, periodMs: number, signedOut: () => void): Live<T> {
  const [value, setValue] = useState<T>();
  const [problem, setProblem] = useState<string>();
  const [wish, setWish] = useState(0);
  const leave = useRef(signedOut);
  leave.current = signedOut;

  useEffect(() => {
    let ended = false;
    let timer = 0;
    async function round() {
      if (!document.hidden) {
        try {
          const next = await ask();
          if (ended) return;
          setValue(next);
          setProblem(undefined);
        } catch (error) {
          if (ended) return;
          if (error instanceof Problem && error.status === 401) return leave.current();
          setProblem((error as Error).message);
        }
      }
      timer = window.setTimeout(round, periodMs);
    }
    round();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  }, [ask, periodMs, wish]);

  return { value, problem, refresh: useCallback(() => setWish((n) => n + 1), []) };
}
