"""For each error of the contracts: what to do about it. docs/errors/reverted.md says the same at more length.

Life cycle: shown with every refused call. The names are Solidity's; a test compares them with the contracts' ABI.
"""

from collections.abc import Mapping
from typing import Final

HINTS: Final[Mapping[str, str]] = {
    # Market
    "AlreadyBid": "One bid per worker and job; the earlier one stands.",
    "BadItemCount": "Split the work into several jobs, or give at least one item.",
    "BadParameter": "A constructor argument is out of bounds: change the deployment's parameters.",
    "BadQuoteSignature": "Ask the worker for a new quote, signed for this market on this chain.",
    "BadRanking": "List every remaining revealed bid in ascending order of score; read the bids again.",
    "BadReveal": "Reveal the price and salt that were sealed, from the account that sealed them.",
    "BadTime": "Choose a time within the market's bounds.",
    "BondTooLow": "Raise the job bond to the minimum that the error names.",
    "GuaranteeNotBuilt": "Ask for the guarantee `optimistic`.",
    "NotAllowed": "Send from the account that the error names.",
    "NothingToWithdraw": "There is no credit in this token.",
    "PriceTooHigh": "A bid's price is at most the RFP's maximum.",
    "PriceTooLow": "Raise the price to the minimum that the error names.",
    "QuoteMismatch": "The quote names another job, worker or price: ask for a quote for exactly this RFP.",
    "TokenNotAllowed": "Pay in a token that the market takes.",
    "TooEarly": "Try again when the chain's time has reached `opensAt`.",
    "TooLate": "The time for this act is over.",
    "TooManyBids": "The RFP has as many bids as it can take.",
    "TransferMismatch": "The token moved another amount than asked for; such tokens can't be used here.",
    "UndisputableModel": "On a public chain use a model with a canonical program.",
    "UnknownModel": "Publish the model first, or check its id.",
    "UriTooLong": "Use a shorter URI.",
    "WrongBid": "The bid isn't in the state that this act needs; read it again.",
    "WrongKind": "Auctions are posted, quotes are awarded: use the act for the RFP's kind.",
    "WrongState": "The job has moved on; read its state again.",
    # Registry
    "EndpointTooLong": "Use a shorter endpoint URL.",
    "InsufficientFreeStake": "Add stake, or wait until other jobs release their bonds.",
    "NotMarket": "Only the market changes a worker's books.",
    "NothingUnbonded": "Start unbonding first, and wait until `readyAt`.",
    "ZeroAmount": "Give an amount above zero.",
    # Models
    "AlreadyPublished": "Nothing to do: a model is published once.",
    "BadSignature": "Declare 1 to 16 inputs and 1 to 16 outputs.",
    "BadTensor": "Correct the tensor's name, element type, rank or size.",
    "BadTolerance": "Correct the output's tolerances as docs/protocol.md says.",
    "BadToleranceCount": "Give one tolerance for each output.",
    "IncompleteSpec": "Give all digests; program root, lowering version, steps and depth together or not at all; weights root with a count.",
    # Results
    "BadItem": "Items count from 0 and end before the job's item count.",
    "BadOutcome": "A claim ends rejected, void or slashed.",
    "ClaimsOpen": "Wait until the claims on this job are closed.",
    "NoOpenClaim": "No claim is open on this job.",
    "NotCommitted": "The job has no result that waits for finality.",
    "NotDisputes": "Only the disputes contract reports claims.",
    "NotFinalYet": "Try again when the chain's time has reached `finalAt`.",
    "RevealTimeTooShort": "On a public chain the time to reveal claims is at least 10 minutes.",
    "WindowClosed": "The challenge window is over.",
    "ZeroRoot": "Commit the batch root of the outputs.",
    # Token and signatures
    "ERC20InsufficientAllowance": "Approve the market to spend the tokens first.",
    "ERC20InsufficientBalance": "The account has not enough tokens.",
    "ERC20InvalidApprover": "The approver is the zero address.",
    "ERC20InvalidReceiver": "The receiver is the zero address.",
    "ERC20InvalidSender": "The sender is the zero address.",
    "ERC20InvalidSpender": "The spender is the zero address.",
    "ERC2612ExpiredSignature": "Sign the permit anew with a later deadline.",
    "ERC2612InvalidSigner": "The permit was signed by another account.",
    "ECDSAInvalidSignature": "The signature is malformed.",
    "ECDSAInvalidSignatureLength": "A signature has 65 bytes.",
    "ECDSAInvalidSignatureS": "Use the signature's form with the lower s.",
    "InvalidAccountNonce": "Read the permit's nonce again.",
    "InvalidShortString": "The contract's name is malformed.",
    "StringTooLong": "The contract's name is too long.",
    "ReentrancyGuardReentrantCall": "The token calls back into the market; such tokens can't be used here.",
    "SafeERC20FailedOperation": "The token refused the transfer: check balance, allowance, and whether it is paused.",
    # The compiler
    "Error": "The contract gave a reason in words.",
    "Panic": "A fault inside the contract: please report it.",
}
