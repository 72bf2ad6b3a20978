package io.modelassay.quantization;

import org.apiguardian.api.API;

/** FP4 of bitsandbytes: 3 bits of exponent and significand. */
@API(status = API.Status.INTERNAL)
public final class Fp4Method extends FourBitFloat {
    static final String NAME = "fp4";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    long table() {
        return 0;
    }
}
