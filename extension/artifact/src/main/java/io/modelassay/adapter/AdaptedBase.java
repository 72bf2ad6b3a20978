package io.modelassay.adapter;

import io.modelassay.checkpoint.Shape;
import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;

/** The base as an adapter comes upon it: in the class that it is loaded with, as a version of transformers lays it out. */
@API(status = API.Status.INTERNAL)
public interface AdaptedBase {
    /**
     * The modules that {@code config} adapts.
     *
     * @param stored the adapter's tensors
     * @param experts how the version of transformers holds experts
     */
    BaseModules of(AdapterConfig config, Map<String, Shape> stored, ExpertLayout experts);

    /** A model of these modules and no others. */
    static AdaptedBase model(BaseModules base) {
        return (config, stored, experts) ->
                experts.of(base.namedAs(() -> modules(config, stored))).replicated(config.replicatedLayers());
    }

    /** The class that the adapter's config asks for, on these files. */
    static AdaptedBase files(BaseModules base) {
        return (config, stored, experts) -> {
            BaseModules named = base.namedAs(() -> modules(config, stored));
            return experts.of(new TaskClass(config, stored).of(named)).replicated(config.replicatedLayers());
        };
    }

    /** Names of the modules that the tensors are for. */
    static List<String> modules(AdapterConfig config, Map<String, Shape> stored) {
        return PeftMethods.of(config).stream()
                .flatMap(method -> stored.keySet().stream().flatMap(key -> AdapterKey.of(key, method).stream()))
                .map(AdapterKey::module)
                .distinct()
                .toList();
    }
}
