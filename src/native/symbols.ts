// The symbol table: native/include/maskbench.h, line by line. A test compares the two.

const handle = "u64", status = "i32";

/**
 * Parameters and results by C name. A handle is a number here, 0 for null: a pointer's use takes the permission for all
 * native code, not that for this library alone. `buffer` is a pointer into a JavaScript array, null where empty.
 */
export const symbols = {
  mb_abi_version: { parameters: [], result: "i32" },
  mb_last_error: { parameters: ["buffer", "i64"], result: status },
  mb_describe: { parameters: ["buffer", "i64"], result: status },
  mb_set_threads: { parameters: ["i32"], result: status },
  mb_live: { parameters: ["buffer", "buffer", "buffer"], result: status },
  mb_reset_peak: { parameters: [], result: status },
  mb_waited: { parameters: ["buffer"], result: status },
  mb_exit: { parameters: ["i32"], result: "void" },
  mb_profile: { parameters: ["i32", "buffer"], result: status },
  mb_measure_matmul: { parameters: ["i32", "i64", "i32", "buffer"], result: status },
  mb_measure_copy: { parameters: ["i32", "i64", "i32", "buffer"], result: status },

  mb_generator_create: { parameters: ["u64", "buffer"], result: status },
  mb_generator_free: { parameters: [handle], result: status },
  mb_generator_normal: { parameters: [handle, handle, "i64", "i64", "f64"], result: status },
  mb_generator_uniform: {
    parameters: [handle, handle, "i64", "i64", "f64", "f64"],
    result: status,
  },
  mb_generator_integers: { parameters: [handle, handle, "i64", "i64", "i64"], result: status },
  mb_generator_permutation: { parameters: [handle, handle], result: status },
  mb_generator_save: { parameters: [handle, "buffer", "i64"], result: status },
  mb_generator_restore: { parameters: [handle, "buffer", "i64"], result: status },

  mb_vector_create: { parameters: ["i64", "i32", "i32", "buffer"], result: status },
  mb_vector_free: { parameters: [handle], result: status },
  mb_vector_upload: { parameters: [handle, "buffer", "i64", "i64"], result: status },
  mb_vector_download: { parameters: [handle, "buffer", "i64", "i64"], result: status },
  mb_vector_copy: { parameters: [handle, handle], result: status },
  mb_vector_multiply: { parameters: [handle, handle], result: status },
  mb_vector_add: { parameters: [handle, handle], result: status },
  mb_vector_affine: { parameters: [handle, "i64", "i64", "f64", "f64"], result: status },
  mb_vector_sign: { parameters: [handle, "i64", "i64"], result: status },
  mb_vector_sigmoid: { parameters: [handle, "i64", "i64"], result: status },
  mb_vector_binarise: { parameters: [handle, "i64", "i64"], result: status },
  mb_vector_centre: { parameters: [handle, "i64", "i64"], result: status },
  mb_vector_clip_norm: { parameters: [handle, "f64"], result: status },

  mb_project_top_k: {
    parameters: [handle, "buffer", "i64", "i32", "f64", "f64", "i32", "f64", "f64", handle],
    result: status,
  },
  mb_descend: {
    parameters: [handle, handle, handle, "i32", "f64", "f64", "f64", "f64", "f64", "f64"],
    result: status,
  },

  mb_descend_adam: {
    parameters: [
      handle,
      handle,
      handle,
      handle,
      "i64",
      "f64",
      "f64",
      "f64",
      "f64",
      "f64",
      "f64",
      "f64",
    ],
    result: status,
  },

  mb_noise: { parameters: [handle, "u64", "i64"], result: status },
  mb_relax: { parameters: [handle, handle, "f64", handle, handle], result: status },
  mb_project_capped_simplex: { parameters: [handle, "i64", "i64", "f64"], result: status },

  mb_dataset_create: {
    // images, labels, count, channels, height, width, classes, mean, deviation, device, out
    parameters: [
      "buffer",
      "buffer",
      "i64",
      "i64",
      "i64",
      "i64",
      "i64",
      "buffer",
      "buffer",
      "i32",
      "buffer",
    ],
    result: status,
  },
  mb_dataset_open: {
    // path, bytes, index, labels, count, channels, height, width, classes, mean, deviation, device, out
    parameters: [
      "buffer",
      "i64",
      "buffer",
      "buffer",
      "i64",
      "i64",
      "i64",
      "i64",
      "i64",
      "buffer",
      "buffer",
      "i32",
      "buffer",
    ],
    result: status,
  },
  mb_dataset_free: { parameters: [handle], result: status },
  mb_batch_create: {
    parameters: ["i64", "i64", "i64", "i64", "i32", "i32", "buffer"],
    result: status,
  },
  mb_batch_free: { parameters: [handle], result: status },
  mb_batch_upload: { parameters: [handle, "buffer", "buffer", "i64"], result: status },
  mb_batch_download: { parameters: [handle, "buffer", "buffer", "i64"], result: status },
  mb_batch_gather: {
    parameters: [handle, handle, handle, "i64", "i64", handle, "i64"],
    result: status,
  },
  mb_generator_crops: { parameters: [handle, handle, handle, handle], result: status },
  mb_batch_gather_crops: {
    parameters: [handle, handle, handle, "i64", "i64", handle],
    result: status,
  },

  mb_step_create: { parameters: ["i32", "buffer"], result: status },
  mb_step_free: { parameters: [handle], result: status },
  mb_step_begin: { parameters: [handle, "i64"], result: status },
  mb_step_end: { parameters: [handle], result: status },
  mb_step_abandon: { parameters: [handle], result: status },

  mb_network_create: {
    parameters: ["buffer", "i64", "i64", "i64", "i64", "i32", "i32", "buffer"],
    result: status,
  },
  mb_network_free: { parameters: [handle], result: status },
  mb_network_size: { parameters: [handle, "buffer", "buffer"], result: status },
  mb_network_verify: { parameters: [handle, "i64", "buffer", "i64", "buffer"], result: status },
  mb_network_gradient: {
    parameters: [handle, handle, handle, handle, handle, "f64", "i32", handle, handle],
    result: status,
  },
  mb_network_forward: {
    parameters: [handle, handle, handle, handle, handle, handle],
    result: status,
  },
  mb_network_evaluate: {
    parameters: [handle, handle, handle, handle, handle, "i64", handle],
    result: status,
  },
} as const satisfies Deno.ForeignLibraryInterface;
