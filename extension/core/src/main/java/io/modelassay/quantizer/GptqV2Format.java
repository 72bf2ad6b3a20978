package io.modelassay.quantizer;

import org.apiguardian.api.API;

/** GPTQModel's layout with zero points as they are. */
@API(status = API.Status.INTERNAL)
public final class GptqV2Format extends GptqLayout {
    /** For the registry. */
    public GptqV2Format() {
        super(false);
    }

    @Override
    public String name() {
        return "gptq_v2";
    }
}
