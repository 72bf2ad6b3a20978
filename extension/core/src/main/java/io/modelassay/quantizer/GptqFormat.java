package io.modelassay.quantizer;

import org.apiguardian.api.API;

/** GPTQModel's layout with one taken from each stored zero point, which every loader reads. */
@API(status = API.Status.INTERNAL)
public final class GptqFormat extends GptqLayout {
    /** For the registry. */
    public GptqFormat() {
        super(true);
    }

    @Override
    public String name() {
        return "gptq";
    }
}
