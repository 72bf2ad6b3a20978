package io.modelassay.architecture;

import org.apiguardian.api.API;

/**
 * The class of transformers that a checkpoint is one of.
 *
 * @param name as {@code architectures} in config.json has it; empty where it names none
 * @param head what the class has on top of the base model
 * @param family whose class it is
 */
@API(status = API.Status.EXPERIMENTAL)
public record ModelClass(String name, ModelHead head, Family family) {
    /** Whose class a name is. */
    public enum Family {
        /** That of {@code model_type}; also where no class is named. */
        OWN,
        /** Another one's: transformers goes by {@code model_type}, servers such as vLLM by the class. */
        OTHER,
        /** None that is known. */
        UNKNOWN
    }
}
