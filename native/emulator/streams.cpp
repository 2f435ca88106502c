// Streams, events and graphs. Work is queued and runs when something waits for it, so that a missing wait is seen.
#include "driver.h"
#include <chrono>
#include <deque>
#include <memory>
#include <set>
#include <vector>

namespace emulator {

std::recursive_mutex driver_lock;
int sticky;

// A reset ends a graph; its owner destroys it all the same.
struct Graph { std::vector<Work> work; bool ended = false; };

struct Stream {
  std::deque<Work> queue;
  u64 submitted = 0, finished = 0;
  bool blocking = true;
  Graph* capture = nullptr;
};

// The time is shared with the work that sets it, which may outlive the event.
struct Event { Stream* stream = nullptr; u64 position = 0; bool recorded = false; std::shared_ptr<double> milliseconds = std::make_shared<double>(0); };

static std::set<Stream*> streams;
static std::set<Graph*> graphs;

static Graph* new_graph(std::vector<Work> work) { return *graphs.insert(new Graph{std::move(work)}).first; }

static void delete_graph(Graph* graph) {
  graphs.erase(graph);
  delete graph;
}

static int run_until(Stream* stream, u64 position) {
  while (!sticky && stream->finished < position && !stream->queue.empty()) {
    Work work = std::move(stream->queue.front());
    stream->queue.pop_front();
    stream->finished++;
    int result = work();
    if (result) sticky = result;
  }
  return sticky;
}

int drain(Stream* stream) {
  if (stream) return run_until(stream, stream->submitted);
  for (Stream* s : streams) run_until(s, s->submitted);
  return sticky;
}

void drain_blocking() {
  for (Stream* s : streams)
    if (s->blocking) run_until(s, s->submitted);
}

// Queued work is dropped, with the host memory it staged: nothing of it may run once its memory is gone.
void forget_work() {
  for (Stream* s : streams) {
    s->queue.clear();
    s->finished = s->submitted;
    if (s->capture) delete_graph(s->capture);
    s->capture = nullptr;
  }
  for (Graph* g : graphs) {
    g->work.clear();
    g->ended = true;
  }
}

int submit(Stream* stream, Work work) {
  if (!stream) {                        // the legacy default stream: in order with all blocking streams
    drain_blocking();
    if (!sticky) sticky = work();
    return sticky;
  }
  if (stream->capture) { stream->capture->work.push_back(std::move(work)); return Success; }
  stream->queue.push_back(std::move(work));
  stream->submitted++;
  return Success;
}

}  // namespace emulator

using namespace emulator;

API cuCtxSynchronize() { ENTER; return drain(nullptr); }

API cuStreamCreate(Stream** stream, u32 flags) {
  ENTER;
  *stream = new Stream;
  (*stream)->blocking = !(flags & 1);
  streams.insert(*stream);
  return Success;
}

API cuStreamDestroy_v2(Stream* stream) {
  std::lock_guard<std::recursive_mutex> guard(driver_lock);
  drain(stream);
  if (stream->capture) delete_graph(stream->capture);
  streams.erase(stream);
  delete stream;
  return sticky;
}

API cuStreamSynchronize(Stream* stream) {
  ENTER;
  if (stream && stream->capture) return CaptureUnsupported;
  return drain(stream);
}

API cuStreamQuery(Stream* stream) {
  ENTER;
  return drain(stream);
}

API cuEventCreate(Event** event, u32) { ENTER; *event = new Event; return Success; }
API cuEventDestroy_v2(Event* event) { std::lock_guard<std::recursive_mutex> guard(driver_lock); delete event; return Success; }

API cuEventRecord(Event* event, Stream* stream) {
  ENTER;
  event->stream = stream;
  event->recorded = true;
  int result = submit(stream, [milliseconds = event->milliseconds] {
    *milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
    return Success;
  });
  event->position = stream ? stream->submitted : 0;
  return result;
}

API cuEventSynchronize(Event* event) {
  ENTER;
  return event->stream && streams.count(event->stream) ? run_until(event->stream, event->position) : Success;
}

API cuEventQuery(Event* event) {
  ENTER;
  return !streams.count(event->stream) || event->stream->finished >= event->position ? Success : NotReady;
}

API cuEventElapsedTime(float* milliseconds, Event* start, Event* end) {
  ENTER;
  if (!start->recorded || !end->recorded) return InvalidHandle;
  *milliseconds = (float)(*end->milliseconds - *start->milliseconds);
  return Success;
}

API cuStreamBeginCapture_v2(Stream* stream, int) {
  ENTER;
  if (!stream || stream->capture) return InvalidValue;
  stream->capture = new_graph({});
  return Success;
}

API cuStreamEndCapture(Stream* stream, Graph** graph) {
  ENTER;
  if (!stream || !stream->capture) return CaptureInvalid;
  *graph = stream->capture;
  stream->capture = nullptr;
  return Success;
}

API cuGraphInstantiateWithFlags(Graph** executable, Graph* graph, u64) {
  ENTER;
  if (graph->ended) return InvalidHandle;
  *executable = new_graph(graph->work);
  return Success;
}

API cuGraphLaunch(Graph* executable, Stream* stream) {
  ENTER;
  if (executable->ended) return InvalidHandle;
  for (const Work& work : executable->work)
    if (int result = submit(stream, work)) return result;
  return Success;
}

API cuGraphDestroy(Graph* graph) { std::lock_guard<std::recursive_mutex> guard(driver_lock); delete_graph(graph); return Success; }
API cuGraphExecDestroy(Graph* graph) { std::lock_guard<std::recursive_mutex> guard(driver_lock); delete_graph(graph); return Success; }
