/*
 * Stands in for libcudnn: its front end, which is part of the provider, describes convolutions to it and asks for plans. One
 * plan is found for each, it needs no workspace, and it computes nothing. `build.ts` adds every other function that the
 * provider looks up.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int cudnnCreate(void **p) { return *p = malloc(64), 0; }
size_t cudnnGetVersion(void) { return 92801; }
size_t cudnnGetCudartVersion(void) { return 13000; }
const char *cudnnGetErrorString(int status) { return "status of the dry run"; }
void cudnnGetLastErrorString(char *text, size_t n) {
  if (n) *text = 0;
}
int cudnnGetStream(void *h, void **stream) { return *stream = 0, 0; }
int cudnnGetConvolutionForwardWorkspaceSize(void *h, void *x, void *w, void *c, void *y, int algorithm, size_t *n) {
  return *n = 0, 0;
}
int cudnnGetReductionWorkspaceSize(void *h, void *r, void *a, void *c, size_t *n) { return *n = 0, 0; }
int cudnnGetReductionIndicesSize(void *h, void *r, void *a, void *c, size_t *n) { return *n = 0, 0; }
int cudnnDropoutGetStatesSize(void *h, size_t *n) { return *n = 0, 0; }

typedef struct {
  int algorithm, status;
  float time;
  size_t memory;
  int deterministic, math, reserved[3];
} performance;

static int one_algorithm(int *count, performance *found) {
  memset(found, 0, sizeof *found);
  found->algorithm = 1;
  found->math = 1;
  *count = 1;
  return 0;
}
int cudnnFindConvolutionForwardAlgorithmEx(void *h, void *xd, void *x, void *wd, void *w, void *cd, void *yd, void *y,
                                           int wanted, int *count, performance *found, void *workspace, size_t n) {
  return one_algorithm(count, found);
}
int cudnnGetConvolutionForwardAlgorithm_v7(void *h, void *xd, void *wd, void *cd, void *yd, int wanted, int *count,
                                           performance *found) {
  return one_algorithm(count, found);
}

int cudnnBackendCreateDescriptor(int type, void **p) { return *p = calloc(1, 4096), 0; }
int cudnnBackendDestroyDescriptor(void *p) { return free(p), 0; }
int cudnnBackendFinalize(void *p) { return 0; }
int cudnnBackendSetAttribute(void *p, int name, int type, int64_t count, const void *values) { return 0; }
int cudnnBackendExecute(void *h, void *plan, void *variables) { return 0; }

/* From cudnn_graph.h: attribute types, and the attribute with the choices of an engine, of which there are none. */
enum { TYPE_BOOLEAN = 2, TYPE_INT64 = 3, TYPE_BACKEND_DESCRIPTOR = 15, TYPE_INT32 = 23, ENGINE_KNOB_INFO = 302 };

int cudnnBackendGetAttribute(void *p, int name, int type, int64_t wanted, int64_t *count, void *values) {
  int64_t found = 0;
  size_t bytes = 0;
  if (name == ENGINE_KNOB_INFO) found = 0;
  else if (type == TYPE_BACKEND_DESCRIPTOR) found = 1;
  else if (type == TYPE_INT32) found = 1, bytes = 4;
  else if (type == TYPE_INT64) found = 1, bytes = 8;
  else if (type == TYPE_BOOLEAN) found = 1, bytes = 1;
  if (bytes && wanted > 0 && values) memset(values, 0, bytes);
  if (count) *count = found;
  return 0;
}
