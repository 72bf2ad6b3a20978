package io.modelassay.report;

import org.jspecify.annotations.Nullable;

/**
 * A model's name taken apart: {@code Qwen2-0.5B as int4 g128 RTN} is an artifact and the quantization applied to it.
 *
 * @param artifact the folder's name
 * @param quantization what is applied, if anything
 */
record ModelName(String artifact, @Nullable String quantization) {
    private static final String AS = " as ";

    static ModelName of(String name) {
        int at = name.indexOf(AS);
        return at < 0
                ? new ModelName(name, null)
                : new ModelName(name.substring(0, at), name.substring(at + AS.length()));
    }
}
