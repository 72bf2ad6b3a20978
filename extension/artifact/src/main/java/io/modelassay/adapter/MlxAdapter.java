package io.modelassay.adapter;

import io.modelassay.checkpoint.ModelConfig;
import org.apiguardian.api.API;

/** An adapter of MLX, which has a config of the same name and tensors of other names and orientation. */
@API(status = API.Status.INTERNAL)
public final class MlxAdapter {
    /** What it is, in a sentence. */
    public static final String WHAT =
            "This is an adapter of MLX (fine_tune_type, lora_parameters), not of PEFT, which needs a peft_type";

    /** What to do about it. */
    public static final String CURE =
            "convert it: lora_a and lora_b transposed, under base_model.model.<module>.lora_A.weight and lora_B.weight, with"
                    + " an adapter_config.json of PEFT whose lora_alpha is scale * r";

    private MlxAdapter() {}

    /** Whether a config without {@code peft_type} is of MLX. */
    public static boolean is(ModelConfig config) {
        return !config.has("peft_type") && (config.has("fine_tune_type") || config.has("lora_parameters"));
    }
}
