package io.modelassay.runtime;

import io.modelassay.architecture.ModelPlan;
import org.apiguardian.api.API;

/**
 * Everything a forward pass needs.
 *
 * @param engine where it runs
 * @param plan the architecture
 * @param weights the weights, stored or quantized
 * @param dtype the compute type, resolved
 * @param identity everything that the weights depend on, by content and not by name: two models of one identity compute
 *     the same in one compute type
 * @param name for whoever watches
 */
@API(status = API.Status.INTERNAL)
public record LanguageModel(
        TorchEngine engine, ModelPlan plan, Weights weights, DType dtype, String identity, String name) {
    /** The layers. */
    public Decoder decoder() {
        return new Decoder(engine, plan, weights, dtype);
    }

    /** The vocabulary head. */
    public VocabularyHead head() {
        return new VocabularyHead(engine, plan, weights, dtype);
    }

    /** Identity, compute type and engine: what a cached result depends on. */
    public String key() {
        return identity + "/" + dtype + "/" + engine.device() + "/" + engine.version() + "/threads " + engine.threads()
                + (Kernels.packsProducts(engine, dtype) ? "/packed products" : "");
    }
}
