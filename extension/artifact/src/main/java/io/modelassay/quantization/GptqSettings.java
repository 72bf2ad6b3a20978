package io.modelassay.quantization;

import org.apiguardian.api.API;

/**
 * How GPTQ goes about it, beyond bits and groups.
 *
 * @param order the order in which input channels are quantized
 * @param staticGroups whether every group's grid comes from the weights as they are, before any error is passed on
 * @param damping share of the mean of the Hessian's diagonal that is added to it, above 0 and below 1
 * @param dampingStep added to the damping until the Hessian can be inverted; 0 to try once
 * @param searchesGrid whether each group takes the grid of least error among shrunken ranges
 */
@API(status = API.Status.EXPERIMENTAL)
public record GptqSettings(Order order, boolean staticGroups, double damping, double dampingStep, boolean searchesGrid)
        implements MethodSettings {
    /** GPTQModel's defaults: group-aware order, damping 0.05 in steps of 0.01. */
    public static final GptqSettings DEFAULT = new GptqSettings(Order.GROUP_AWARE, false, 0.05, 0.01, false);

    /** An order of the input channels, by the energy of their inputs. */
    @API(status = API.Status.EXPERIMENTAL)
    public enum Order {
        /** As they are stored. */
        NATURAL,
        /** Strongest first, wherever they are ({@code desc_act}); groups then follow this order. */
        ACT_ORDER,
        /** Strongest first within each group, the group of the strongest channel first; groups stay as they are stored. */
        GROUP_AWARE
    }

    /** @throws IllegalArgumentException for a damping outside of its range */
    public GptqSettings {
        if (!(damping > 0 && damping < 1) || dampingStep < 0) {
            throw new IllegalArgumentException(
                    "Damping is above 0 and below 1, its step at least 0, not " + damping + " and " + dampingStep);
        }
    }

    /** The same in another order. */
    public GptqSettings order(Order other) {
        return new GptqSettings(other, staticGroups, damping, dampingStep, searchesGrid);
    }

    /** The same with groups whose grids come first. */
    public GptqSettings withStaticGroups() {
        return new GptqSettings(order, true, damping, dampingStep, searchesGrid);
    }

    /** The same with other damping. */
    public GptqSettings damping(double share, double step) {
        return new GptqSettings(order, staticGroups, share, step, searchesGrid);
    }

    /** The same with a search for each group's grid. */
    public GptqSettings searchingGrid() {
        return new GptqSettings(order, staticGroups, damping, dampingStep, true);
    }

    @Override
    public String method() {
        return GptqMethod.NAME;
    }
}
