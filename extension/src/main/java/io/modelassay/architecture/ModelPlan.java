package io.modelassay.architecture;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apiguardian.api.API;

/** What a config says a model is made of: every expected parameter, and the decoder's wiring. */
@API(status = API.Status.EXPERIMENTAL)
public final class ModelPlan {
    private final String modelType;
    private final List<Parameter> parameters;
    private final DecoderPlan decoder;

    ModelPlan(String modelType, List<Parameter> parameters, DecoderPlan decoder) {
        this.modelType = modelType;
        this.parameters = List.copyOf(parameters);
        this.decoder = decoder;
    }

    /** The config's {@code model_type}. */
    public String modelType() {
        return modelType;
    }

    /** Every parameter the architecture has under this config, in the order of the layers. */
    public List<Parameter> parameters() {
        return parameters;
    }

    /** How the decoder computes. */
    public DecoderPlan decoder() {
        return decoder;
    }

    /** The parameters of one layer, or of any other module and what lies below it. */
    public List<Parameter> parametersOf(String module) {
        String prefix = module + ".";
        return parameters.stream().filter(p -> p.name().startsWith(prefix)).toList();
    }

    /** The parameter of that name. */
    public Optional<Parameter> parameter(String name) {
        return parameters.stream().filter(p -> p.name().equals(name)).findFirst();
    }

    /** Names of the modules that own a weight, in the order of the layers. */
    public List<String> modules() {
        return parameters.stream().map(Parameter::module).distinct().toList();
    }

    /** This plan with {@code more} parameters, such as biases that the architecture does not have. */
    public ModelPlan with(List<Parameter> more) {
        List<Parameter> all = new ArrayList<>(parameters);
        all.addAll(more);
        return new ModelPlan(modelType, all, decoder);
    }
}
