package io.modelassay.architecture;

import java.util.List;
import org.apiguardian.api.API;

/**
 * How a loader compares names: what it does not mind, and how it finds a model without the base model's prefix. Recorded
 * from the loaders themselves; a rule that both versions share and that needs no figure is {@link LoadReport}'s own.
 *
 * @param loader for messages, such as {@code transformers 5}
 * @param computed parts of names of buffers that old checkpoints carry and the loader computes anew
 * @param basePrefix how names without the base model's prefix are read
 */
@API(status = API.Status.EXPERIMENTAL)
public record LoaderRules(String loader, List<String> computed, BasePrefix basePrefix) {

    /** transformers from 5.0 on; the default. */
    public static final LoaderRules TRANSFORMERS_5 =
            new LoaderRules("transformers 5", List.of("rotary_emb.inv_freq"), BasePrefix.EACH_NAME);

    /** transformers 4, as of 4.57. */
    public static final LoaderRules TRANSFORMERS_4 =
            new LoaderRules("transformers 4", List.of("rotary_emb.inv_freq"), BasePrefix.ALL_OR_NONE);

    /** How names without the base model's prefix, such as {@code layers.0.mlp.up_proj.weight}, are read. */
    public enum BasePrefix {
        /** Each name is tried with one prefix less, then with one more. */
        EACH_NAME,
        /**
         * Where no name has the prefix, all are taken to lack it: the file of a bare base model. One that has the head
         * beside it is refused.
         */
        ALL_OR_NONE
    }

    /** The rules that this version of ModelAssay takes where none are named. */
    public static LoaderRules standard() {
        return TRANSFORMERS_5;
    }

    /** Copies the list. */
    public LoaderRules {
        computed = List.copyOf(computed);
    }
}
