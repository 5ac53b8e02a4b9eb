/** Made by `tools/train-mood.ts`: not to be edited. Deviations are 2 ** octaves; the centre is in deviations. */
import { unpack } from '#engines/audio/harmony/net.ts'

export const LEARNED = {
  octaves: unpack(
    '8+l1cK/uZGkq8eJdAvGQUNv1MU6+8q9KyvACRXPvCEB88IVGc++XOLvtWTZW6lwx2OrgL9XmhTI45xIu2OcxKuXl6y7L5NArUOahKM/l1yC1AigfGwR9I5wEeiP2B2UljwoEJ5cRP1KgFkr2vtyH/CvmWPbS1UYnRQig9APeoiEBAXwEvQ8iH1cpKMRW04f41fjs5r/1u+CR91bjZveT4nn9euQLDR7nAO1W5w7VAYDt/wfFdKnJqtOv8qeYq3nR5rUkufMB',
    0.00018600015130635167,
  ),
  centre: unpack(
    'H2nlIz9NCf+pPyYKfTpMBs4uVgPOL3/+hzGJAGky/P/1Lqb9ji9/+Tcy/v5tN1X51TWB/Gk8cfsrO3L6RjsA+7k+3P8OP237bDvi+3o7yS6gKqgmKiIrMLYlKjj+I1k1dxyyNNQWyhVwEzh7wBFAbHEQ/3/oECTcXQ6IwT0VnPTb7dTy+Oy065zpBiUtEr4A2tVuIiDPyiYn0gMdatMkGrLbvxsc6NkdaSBD+04bug20ElgOch1wG68TwBHzDOIUewh2CakM',
    0.00045670495862894163,
  ),
  weights: unpack(
    'Yfv//fD/QQBA/lL75QJFA5MKtv/IBN8HbgU6AJn8oAEdAxQAcABG+tcDtvsaBVX6jQSx/cv8xAU2/1sBBfwEAQgAmglUANT88wf1/Bb73P7u+9r4F/qNBzz8gP7+/l8FIf0QAEv49/vL/gz8XgPG/FsCb/qf+rH8/gEUCSQEoADt+///NQbX/aP9q/6N+4sA1vWl/X787P+U/Qz8TgBs+yYI8AQSBU8BJv+9Afv/kQaaAZv/xAQg/fkCZP5j/VoEvfyfBEICOwFV/2f/l/6X/7UAcgLH+0785f6AAo7+6gUL+HMEkP9m93n/kwTTA7cCsAEhAZgBqwQ7/Mj86vhC/in+tvxF/nAAagfv/9r/Lf9/AKwCNPrx/sUCtPz//Aj7N/xTAAgCmAGZBHz+dvyp/pEDP//5/TX/lf+PAUABzgCb/Tb/NP8oBS4BZvi/A4UCUQBRA3IC6f+iAykGtv9RAzD/TgIJAGQCdADhAh8BjgKb/PoARf0L/Y0B0v90/n/+SgOUA1n8sQGp/83+PPxaHXT9VgAkAXL92v/3AkwD6/7gBHr+cQNu/e4CWfwxA0gDpgP9+sUCbwH3ASUA2gHz/CcDKAJVAjv/twHP/fsAIf+bANEAQv5a/5kAUv8TAan+m/+W/wH/BP5g/yH8FwD0/BL+O/9FAeAAIgApAar/CwGz/gAAq/5rAHgARwLh/2f81P3dAkAC9gGSAWj8UPhXABoDffutAhb9fQSO/ZgEzP3XAlb+lwEt/nsCAwB5+asERfvD/V8BkwVhAvL+r/xWADQAdQMCAgGA',
    0.00020812106175436784,
  ),
}
