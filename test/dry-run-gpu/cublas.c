/* Stands in for libcublas and libcublasLt: every product succeeds and computes nothing. */
#include <stdlib.h>
#include <string.h>

static int handle(void **p) { return *p = malloc(256), 0; }
#define CREATES(name) int name(void **p) { return handle(p); }
#define SUCCEEDS(name) int name() { return 0; }

CREATES(cublasCreate_v2)
SUCCEEDS(cublasDestroy_v2)
SUCCEEDS(cublasSetMathMode)
SUCCEEDS(cublasSetStream_v2)
int cublasGetMathMode(void *h, int *mode) { return *mode = 0, 0; }
const char *cublasGetStatusName(int status) { return "status of the dry run"; }
const char *cublasGetStatusString(int status) { return "status of the dry run"; }
SUCCEEDS(cublasDcopy_v2)
SUCCEEDS(cublasScopy_v2)
SUCCEEDS(cublasSscal_v2)
SUCCEEDS(cublasDgeam)
SUCCEEDS(cublasSgeam)
SUCCEEDS(cublasDgetrfBatched)
SUCCEEDS(cublasDgetriBatched)
SUCCEEDS(cublasSgetrfBatched)
SUCCEEDS(cublasSgetriBatched)
SUCCEEDS(cublasDgemmBatched)
SUCCEEDS(cublasDgemmStridedBatched)
SUCCEEDS(cublasDgemm_v2)
SUCCEEDS(cublasGemmBatchedEx)
SUCCEEDS(cublasGemmEx)
SUCCEEDS(cublasGemmStridedBatchedEx)
SUCCEEDS(cublasSgemmBatched)
SUCCEEDS(cublasSgemmStridedBatched)
SUCCEEDS(cublasSgemm_v2)

CREATES(cublasLtCreate)
CREATES(cublasLtMatmulDescCreate)
CREATES(cublasLtMatrixLayoutCreate)
CREATES(cublasLtMatmulPreferenceCreate)
CREATES(cublasLtMatrixTransformDescCreate)
SUCCEEDS(cublasLtDestroy)
SUCCEEDS(cublasLtMatmul)
SUCCEEDS(cublasLtMatmulAlgoConfigSetAttribute)
SUCCEEDS(cublasLtMatmulAlgoInit)
SUCCEEDS(cublasLtMatmulDescDestroy)
SUCCEEDS(cublasLtMatmulDescSetAttribute)
SUCCEEDS(cublasLtMatmulPreferenceDestroy)
SUCCEEDS(cublasLtMatmulPreferenceSetAttribute)
SUCCEEDS(cublasLtMatrixLayoutDestroy)
SUCCEEDS(cublasLtMatrixLayoutSetAttribute)
SUCCEEDS(cublasLtMatrixTransform)
SUCCEEDS(cublasLtMatrixTransformDescDestroy)
/* One algorithm, described by 96 bytes. */
int cublasLtMatmulAlgoGetHeuristic(void *h, void *product, void *a, void *b, void *c, void *d, void *preference, int wanted,
                                   char *results, int *count) {
  return memset(results, 0, 96), *count = 1, 0;
}

/* libcurand */
CREATES(curandCreateGenerator)
/* libcuda: the driver. The others of its functions are found by name; see cudaGetDriverEntryPointByVersion. */
SUCCEEDS(cuTensorMapEncodeTiled)
