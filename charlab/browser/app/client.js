// The page's one worker: what is asked of it, and its answers.

// Returns `ask(task, request, onAnswer, handOver)`: { job, done }, where `done` is a promise of the last answer, rejected
// with a sentence; and `tell(message)`, which has no answer.
export function clientOf(worker) {
  const waiting = new Map();
  let last = 0;
  worker.onmessage = ({ data: { id, ...answer } }) => {
    const asked = waiting.get(id);
    if (!asked) return;
    if (!answer.end) return asked.onAnswer(answer);
    waiting.delete(id);
    if (answer.problem) asked.reject(new Error(answer.problem));
    else asked.resolve(answer);
  };
  worker.onerror = (event) => {
    for (const { reject } of waiting.values()) reject(new Error(`The computation has failed: ${event.message ?? "unknown error"}. Reload the page.`));
    waiting.clear();
  };
  return {
    ask(task, request, onAnswer = () => {}, handOver = []) {
      const job = ++last;
      const done = new Promise((resolve, reject) => waiting.set(job, { resolve, reject, onAnswer }));
      worker.postMessage({ id: job, do: task, ...request }, handOver);
      return { job, done };
    },
    tell: (message) => worker.postMessage({ id: ++last, ...message }),
  };
}
