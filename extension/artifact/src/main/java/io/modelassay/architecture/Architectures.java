package io.modelassay.architecture;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.ModelConfig;
import java.util.Optional;
import org.apiguardian.api.API;

/** Finds the family of a config and lays out its parameters. */
@API(status = API.Status.EXPERIMENTAL)
public final class Architectures {
    private Architectures() {}

    /** Whether the parameters of the config's {@code model_type} are known. */
    public static boolean isKnown(ModelConfig config) {
        return config.exists() && config.modelType().map(FamilyFiles::find).isPresent();
    }

    /**
     * The plan of the model that {@code config} describes, in the class that {@code architectures} names, or nothing where
     * its {@code model_type} is not known.
     *
     * @throws io.modelassay.checkpoint.CheckpointException if the config of a known family lacks a size
     */
    public static Optional<ModelPlan> find(ModelConfig config) {
        return config.modelType()
                .flatMap(type -> Optional.ofNullable(FamilyFiles.find(type))
                        .map(file -> new FamilyReader(type, file, config).plan()));
    }

    /**
     * The plan of {@code checkpoint}, as transformers 5 makes it of config and tensors; nothing without a config, or where
     * its {@code model_type} is not known.
     *
     * @throws io.modelassay.checkpoint.CheckpointException if the config of a known family lacks a size
     */
    public static Optional<ModelPlan> find(Checkpoint checkpoint) {
        ModelConfig config = checkpoint.config();
        return (config.exists() ? find(config) : Optional.<ModelPlan>empty())
                .map(plan -> StoredHead.resolve(plan, checkpoint));
    }

    /**
     * The plan of {@code checkpoint}, as transformers 5 makes it of config and tensors.
     *
     * @throws UnsupportedArchitectureException if its {@code model_type} is absent or not known
     */
    public static ModelPlan require(Checkpoint checkpoint) {
        return StoredHead.resolve(require(checkpoint.config()), checkpoint);
    }

    /**
     * The plan of the model that a program makes of {@code checkpoint} when it asks for this head, whichever class the config
     * names: {@code AutoModelForCausalLM} loads the checkpoint of a classifier as a language model.
     */
    public static Optional<ModelPlan> find(Checkpoint checkpoint, ModelHead head) {
        ModelConfig config = checkpoint.config();
        ModelClass asked = new ModelClass("", head, ModelClass.Family.OWN);
        return (config.exists() ? config.modelType() : Optional.<String>empty())
                .flatMap(type -> Optional.ofNullable(FamilyFiles.find(type))
                        .map(file -> new FamilyReader(type, file, config, asked).plan()))
                .map(plan -> StoredHead.resolve(plan, checkpoint));
    }

    /**
     * The plan of the model that {@code config} describes.
     *
     * @throws UnsupportedArchitectureException if its {@code model_type} is absent or not known
     */
    public static ModelPlan require(ModelConfig config) {
        return find(config)
                .orElseThrow(() -> new UnsupportedArchitectureException(
                        "Model type "
                                + config.modelType()
                                        .map(type -> "\"" + type + "\"")
                                        .orElse("(none)")
                                + " has no forward pass here",
                        "the structural checks, which need none; or add the family's description"));
    }
}
