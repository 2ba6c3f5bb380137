// SPDX-License-Identifier: Apache-2.0
#include <hdf5.h>

// Macros of the library that run code, and functions whose name is a macro, as functions.

static inline void hdf5_silence(void) { H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }
static inline hid_t hdf5_open(const char *path) {
  return H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
}
static inline hid_t hdf5_object(hid_t place, const char *name) {
  return H5Oopen(place, name, H5P_DEFAULT);
}
// Hard links alone: others may point into other files, or in circles.
static inline hid_t hdf5_is_hard_link(hid_t group, const char *name) {
  H5L_info_t info;
  return H5Lget_info(group, name, &info, H5P_DEFAULT) >= 0 && info.type == H5L_TYPE_HARD;
}
static inline ssize_t hdf5_link_name(hid_t group, hsize_t place, char *name, size_t size) {
  return H5Lget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, place, name, size, H5P_DEFAULT);
}
static inline hid_t hdf5_uint8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t hdf5_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t hdf5_uint64(void) { return H5T_NATIVE_UINT64; }
static inline hid_t hdf5_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t hdf5_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t hdf5_text(size_t size, H5T_cset_t set) {
  hid_t type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, size);
  H5Tset_cset(type, set);
  return type;
}
static inline size_t hdf5_variable(void) { return H5T_VARIABLE; }
static inline herr_t hdf5_read(hid_t data, hid_t type, void *memory) {
  return H5Dread(data, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, memory);
}
static inline herr_t hdf5_reclaim(hid_t type, hid_t space, void *memory) {
  return H5Dvlen_reclaim(type, space, H5P_DEFAULT, memory);
}
