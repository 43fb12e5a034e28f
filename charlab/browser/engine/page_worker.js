// The whole engine in one worker: training, as on a server's own pages, and all that a model by itself can do.

import { INFERENCE_TASKS } from "./inference_tasks.js";
import { serve } from "./worker.js";

export const serveAll = (port) => serve(port, INFERENCE_TASKS);
