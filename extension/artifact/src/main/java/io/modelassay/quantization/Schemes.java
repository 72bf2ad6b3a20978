package io.modelassay.quantization;

import io.modelassay.checkpoint.Providers;
import java.util.List;
import java.util.stream.Stream;

/** Every stored scheme that is known. */
final class Schemes {
    private static final List<Scheme> ALL =
            Providers.of(Scheme.class, scheme -> scheme.getClass().getName());

    private Schemes() {}

    /** All schemes, in the order in which they are asked. */
    static List<Scheme> all() {
        return ALL;
    }

    /** Those that quantizers write under that {@code quant_method}. */
    static Stream<Scheme> ofMethod(String method) {
        return ALL.stream().filter(scheme -> scheme.methods().contains(method));
    }
}
