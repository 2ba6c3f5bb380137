// SPDX-License-Identifier: Apache-2.0
// A library with BridgeStan's C interface for what no real one does on demand. Its program is a
// standard normal density of N numbers x, y = 2 x, and z drawn from x. Words in the program or the data say how
// it behaves; macros say what it lacks.
//
//   MAJOR=1           speaks another version
//   COMPILES          has a compiler, as libstanli has, which drops constants
//   WITHOUT_GRADIENT  lacks a function
//   WITHOUT_COMPILER  was built without its compiler

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef MAJOR
#define MAJOR 2
#endif

const int bs_major_version = MAJOR;
const int bs_minor_version = 9;
const int bs_patch_version = 1;

typedef struct {
  int count;
  char *text;
  bool written_out;
  char names[4][8192];
} bs_model;

typedef struct {
  uint64_t state;
} bs_rng;

static void (*print_callback)(const char *, size_t);
static atomic_int inside, most_inside, translating, most_translating;

int fake_most_inside(void) { return most_inside; }
int fake_most_translating(void) { return most_translating; }

static void enter(atomic_int *now, atomic_int *most) {
  int count = atomic_fetch_add(now, 1) + 1, seen = *most;
  while (seen < count && !atomic_compare_exchange_weak(most, &seen, count)) {
  }
}

static bool behaves(const bs_model *model, const char *word) {
  return strstr(model->text, word) != NULL;
}

static int fail(char **message, const char *text) {
  if (message) *message = strdup(text);
  return -1;
}

void bs_free_error_msg(char *message) { free(message); }

static void name_all(bs_model *model, bool transformed, bool generated) {
  char *out = model->names[transformed + 2 * generated];
  for (int section = 0; section < 3; section++) {
    if ((section == 1 && !transformed) || (section == 2 && !generated)) continue;
    for (int i = 1; i <= model->count; i++)
      out += sprintf(out, "%s%s.%d", i > 1 || section ? "," : "",
                     section == 0 ? "x" : section == 1 ? "y" : "z_rep", i);
  }
}

bs_model *bs_model_construct(const char *data, unsigned int seed, char **message) {
  (void)seed;
  if (strstr(data, "data-misfit")) {
    fail(message, "mismatch in dimension declared and found in context\nvariable name=y");
    return NULL;
  }
  if (strstr(data, "long-message")) {
    char *text = malloc(100001);
    memset(text, 'x', 100000);
    text[100000] = 0;
    text[1] = 27;
    fail(message, text);
    free(text);
    return NULL;
  }
  bs_model *model = calloc(1, sizeof *model);
  model->text = strdup(data);
  const char *count = strstr(data, "\"N\":");
  model->count = count ? atoi(count + 4) : 2;
  model->written_out = strstr(data, "_lpdf(") != NULL;
  for (int flags = 0; flags < 4; flags++) name_all(model, flags & 1, flags & 2);
  if (behaves(model, "prints") && print_callback) print_callback("a message\n", 10);
  return model;
}

void bs_model_destruct(bs_model *model) {
  free(model->text);
  free(model);
}

const char *bs_name(const bs_model *model) { return "fake"; }
const char *bs_model_info(const bs_model *model) {
  return behaves(model, "one-thread") ? "fake" : "fake; STAN_THREADS=true";
}
const char *bs_param_names(const bs_model *model, bool transformed, bool generated) {
  return model->names[transformed + 2 * generated];
}
const char *bs_param_unc_names(const bs_model *model) { return model->names[0]; }
int bs_param_num(const bs_model *model, bool transformed, bool generated) {
  return model->count * (1 + transformed + generated);
}
int bs_param_unc_num(const bs_model *model) { return model->count; }

bs_rng *bs_rng_construct(unsigned int seed, char **message) {
  bs_rng *rng = malloc(sizeof *rng);
  rng->state = seed * 0x9e3779b97f4a7c15u + 1;
  return rng;
}
void bs_rng_destruct(bs_rng *rng) { free(rng); }

int bs_param_constrain(const bs_model *model, bool transformed, bool generated, const double *x,
                       double *out, bs_rng *rng, char **message) {
  int n = model->count;
  if (behaves(model, "fails-quantities") && x[0] > 0) return fail(message, "y: out of range");
  for (int i = 0; i < n; i++) out[i] = x[i];
  if (transformed)
    for (int i = 0; i < n; i++) out[n + i] = 2 * x[i];
  if (generated) {
    if (!rng) return fail(message, "generated quantities need a generator");
    for (int i = 0; i < n; i++) {
      double sum = 0;
      for (int k = 0; k < 12; k++) {
        rng->state = rng->state * 6364136223846793005u + 1442695040888963407u;
        sum += (double)(rng->state >> 11) * 0x1p-53;
      }
      out[n * (1 + transformed) + i] = x[i] + sum - 6;
    }
  }
  return 0;
}

static int evaluate(const bs_model *model, bool propto, bool jacobian, const double *x,
                    double *value, double *gradient, char **message) {
  enter(&inside, &most_inside);
  if (behaves(model, "slow")) usleep(300);
  if (behaves(model, "loops"))
    for (volatile int forever = 1; forever;) usleep(1000);
  if (behaves(model, "crashes")) *(volatile int *)8 = 1;
  if (behaves(model, "aborts")) abort();
  int code = 0;
  bool drops = propto;
#ifdef COMPILES
  if (!propto || !jacobian) code = fail(message, "only propto=true, jacobian=true");
  drops = !model->written_out;
#endif
  if (behaves(model, "fails-density"))
    code = fail(message, "normal_lpdf: Scale parameter is -1, but must be positive!");
  double wrong = behaves(model, "writes-out-wrongly") && model->written_out ? 1.5 : 1;
  *value = drops ? 0 : -0.9189385332046727 * model->count;
  for (int i = 0; i < model->count; i++) {
    *value -= wrong * x[i] * x[i] / 2;
    if (gradient) gradient[i] = -wrong * x[i];
  }
  if (behaves(model, "gives-nan")) *value = NAN;
  atomic_fetch_sub(&inside, 1);
  return code;
}

int bs_log_density(const bs_model *model, bool propto, bool jacobian, const double *x, double *value,
                   char **message) {
  return evaluate(model, propto, jacobian, x, value, NULL, message);
}

#ifndef WITHOUT_GRADIENT
int bs_log_density_gradient(const bs_model *model, bool propto, bool jacobian, const double *x,
                            double *value, double *gradient, char **message) {
  return evaluate(model, propto, jacobian, x, value, gradient, message);
}
#endif

int bs_set_print_callback(void (*callback)(const char *, size_t), char **message) {
  print_callback = callback;
  return 0;
}

#ifdef COMPILES
const char *stanli_build_id(void) { return "fake-build"; }

int stanli_has_embedded_stanc(void) {
#ifdef WITHOUT_COMPILER
  return 0;
#else
  return 1;
#endif
}

// The translation of a program is the program.
char *stanli_stan_to_mir_with_opts(const char *code, const char *const *folders, size_t count, int fast,
                                   char *message, size_t room) {
  enter(&translating, &most_translating);
  usleep(2000);
  atomic_fetch_sub(&translating, 1);
  if (strstr(code, "translates-for-ever"))
    for (volatile int forever = 1; forever;) usleep(1000);
  if (strstr(code, "does-not-compile")) {
    snprintf(message, room, "Syntax error in 'string', line 2, column 4, parsing error:\n\x1b[31m ^\n");
    return NULL;
  }
  return strdup(code);
}

void stanli_string_free(char *text) { free(text); }
#endif
