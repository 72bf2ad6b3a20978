package io.modelassay.quantization;

import org.apiguardian.api.API;

/** NF4 of bitsandbytes: 16 quantiles of a normal distribution. */
@API(status = API.Status.INTERNAL)
public final class Nf4Method extends FourBitFloat {
    static final String NAME = "nf4";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    long table() {
        return 1;
    }
}
